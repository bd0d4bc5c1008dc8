import { definePageType } from 'vacate/handler';
import { MlockedHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages that mlock keeps in memory: the page type that `vacate/plugins/mlocked` exports. */
export default definePageType({
  name: 'mlocked',
  api: 1,
  order: 'pre',
  claims: 'unevictable pages: mlocked, anonymous or of files, in the swap cache or not',
  refusals,
  create: (pages) => new MlockedHandler(pages),
});
