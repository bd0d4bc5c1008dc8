import { definePageType } from 'vacate/handler';
import { MlockedHandler } from './handler.js';
import { refusals } from './refusals.js';

export default definePageType({
  name: 'mlocked',
  api: 1,
  order: 'pre',
  claims: 'unevictable pages: mlocked, anonymous or of files, in the swap cache or not',
  refusals,
  create: (pages) => new MlockedHandler(pages),
});
