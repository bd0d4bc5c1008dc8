import { definePageType } from 'vacate/handler';
import { MovableOpsHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Drivers' pages that their drivers move: the page type that `vacate/plugins/movable-ops` exports. */
export default definePageType({
  name: 'movable-ops',
  api: 1,
  order: null,
  claims: 'pages that a driver can move (movable_operations): zsmalloc, balloon',
  refusals,
  create: (pages) => new MovableOpsHandler(pages),
});
