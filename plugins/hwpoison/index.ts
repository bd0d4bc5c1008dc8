import { definePageType } from 'vacate/handler';
import { HwpoisonHandler } from './handler.js';
import { refusals } from './refusals.js';

/** Poisoned pages: the page type that `vacate/plugins/hwpoison` exports. */
export default definePageType({
  name: 'hwpoison',
  api: 1,
  order: 'pre',
  claims: 'pages with a memory error; they never move, and go offline with their block',
  refusals,
  create: () => new HwpoisonHandler(),
});
