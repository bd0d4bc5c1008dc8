import { definePageType } from 'vacate/handler';
import { AnonymousHandler } from './handler.js';
import { refusals } from './refusals.js';

export default definePageType({
  name: 'anonymous',
  api: 1,
  order: null,
  claims: 'anonymous pages outside the swap cache, shared after fork or not',
  refusals,
  plain: 'anonymous',
  create: (pages) => new AnonymousHandler(pages),
});
