import type { Skip } from '../conformance.js';

/** Cases that need a page to move, or to be refused for something that other page types know. */
const NEED_A_MOVE = [
  'isolate takes a page off its list, with one reference',
  'isolate, then putback, leaves every byte of the machine as it was',
  'a locked page is refused, and nothing changes',
  'a locked page goes once it is unlocked',
  'a page under writeback is refused, and nothing changes',
  'a page under writeback goes once its write has completed',
  'a pinned page is refused, and nothing changes',
  'a pinned page goes once the pin is dropped',
  'a page off the LRU is refused, and nothing changes',
  'a page off the LRU goes once it is back on it',
  'a page that another migrator has in hand is refused, and nothing changes',
  'a page that another migrator has in hand goes once it is put back',
  'a page that has nowhere to go is refused, and nothing changes',
  'a page that has nowhere to go goes once there is room',
  'migrate leaves the old page free and every invariant whole',
  'migrate moves every mapping',
  'migrate moves all mappings of a page that several processes share',
  'migrate re-points the slot, and leaves its tags',
  'migrate carries every flag',
  'migrate carries every reference',
  'migrate copies the bytes',
  'migrate moves buffers',
  'migrate keeps the swap slot',
  'every CPU finds the new page, also one that knew the old',
  'a swap entry leads to the new page',
  'a dirty page can be written back from its new place',
  'a page goes there and back',
  'a page that is pinned at the last moment stays, as it was',
];

/**
 * Skips of a page type whose pages never move: it refuses each of them before anybody looks for another reason.
 *
 * @example
 * const skip: readonly Skip[] = neverMove('pages of this type stay where they are');
 * skip.length > 0; // true
 */
export function neverMove(because: string): readonly Skip[] {
  return NEED_A_MOVE.map((name) => ({ name, because }));
}
