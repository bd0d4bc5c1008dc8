import { definePageType } from 'vacate/handler';
import { KsmHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages that KSM has merged: the page type that `vacate/plugins/ksm` exports. */
export default definePageType({
  name: 'ksm',
  api: 1,
  order: 'pre',
  claims: 'anonymous pages that KSM has merged, outside the swap cache',
  refusals,
  create: (pages) => new KsmHandler(pages),
});
