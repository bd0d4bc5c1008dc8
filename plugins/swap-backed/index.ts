import { definePageType } from 'vacate/handler';
import { SwapBackedHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages of the swap cache: the page type that `vacate/plugins/swap-backed` exports. */
export default definePageType({
  name: 'swap-backed',
  api: 1,
  order: null,
  claims: 'anonymous pages in the swap cache',
  refusals,
  create: (pages) => new SwapBackedHandler(pages),
});
