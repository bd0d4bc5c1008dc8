import { definePageType } from 'vacate/handler';
import { AnonymousHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Anonymous memory of processes: the page type that `vacate/plugins/anonymous` exports. */
export default definePageType({
  name: 'anonymous',
  api: 1,
  order: null,
  claims: 'anonymous pages outside the swap cache, shared after fork or not',
  refusals,
  plain: 'anonymous',
  create: (pages) => new AnonymousHandler(pages),
});
