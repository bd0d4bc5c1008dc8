import { definePageType } from 'vacate/handler';
import { ShmemHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Shared memory, and files of tmpfs: the page type that `vacate/plugins/shmem` exports. */
export default definePageType({
  name: 'shmem',
  api: 1,
  order: 'pre',
  claims: 'pages of tmpfs and shared memory, also while they are being swapped',
  refusals,
  plain: 'page-cache',
  create: (pages) => new ShmemHandler(pages),
});
