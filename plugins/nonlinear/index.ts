import { definePageType } from 'vacate/handler';
import { NonlinearHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages of nonlinear mappings, all of which it refuses: the page type that `vacate/plugins/nonlinear` exports. */
export default definePageType({
  name: 'nonlinear',
  api: 1,
  order: 'pre',
  claims: 'pages of files that are mapped through a nonlinear VMA; refuses them all',
  refusals,
  create: (pages) => new NonlinearHandler(pages),
});
