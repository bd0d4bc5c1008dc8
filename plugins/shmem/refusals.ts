import type { RefusalTable } from 'vacate/handler';

export const OFF_LRU = 1;
export const TRUNCATED = 2;
export const SLOT_TAKEN = 3;

export const refusals: RefusalTable = [
  null,
  { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
  { id: 'truncated', kind: 'retry', because: 'its file was truncated: the page is about to be freed' },
  { id: 'slot-taken', kind: 'retry', because: 'it is being swapped, and its swap slot names another page by now' },
];
