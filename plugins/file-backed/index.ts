import { definePageType } from 'vacate/handler';
import { FileBackedHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages of files: the page type that `vacate/plugins/file-backed` exports. */
export default definePageType({
  name: 'file-backed',
  api: 1,
  order: null,
  claims: 'page-cache pages: mapped or not, dirty or clean, with buffers or without, and shared memory',
  refusals,
  plain: 'page-cache',
  create: (pages) => new FileBackedHandler(pages),
});
