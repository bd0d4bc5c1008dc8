import { definePageType } from 'vacate/handler';
import { DevicePinnedHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Pages that devices pin, all of which it refuses: the page type that `vacate/plugins/device-pinned` exports. */
export default definePageType({
  name: 'device-pinned',
  api: 1,
  order: 'pre',
  claims: 'pages that a device writes to directly (pin_user_pages); it says for how long, and refuses',
  refusals,
  create: (pages) => new DevicePinnedHandler(pages),
});
