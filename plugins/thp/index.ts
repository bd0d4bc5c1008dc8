import { definePageType } from 'vacate/handler';
import { ThpHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Transparent huge pages: the page type that `vacate/plugins/thp` exports. */
export default definePageType({
  name: 'thp',
  api: 1,
  order: 'pre',
  claims: 'transparent huge pages of any order: anonymous, or of shared memory and files',
  refusals,
  create: (pages) => new ThpHandler(pages),
});
