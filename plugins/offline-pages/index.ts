import { definePageType } from 'vacate/handler';
import { OfflinePagesHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages that a driver has taken out of use: the page type that `vacate/plugins/offline-pages` exports. */
export default definePageType({
  name: 'offline-pages',
  api: 1,
  order: 'pre',
  claims: 'pages that a driver has taken out of service (virtio-mem, balloons that cannot migrate)',
  refusals,
  create: (pages) => new OfflinePagesHandler(pages),
});
