import type { RefusalTable } from 'vacate/handler';

export const OFF_LRU = 1;
export const SLOT_TAKEN = 2;

export const refusals: RefusalTable = [
  null,
  { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
  { id: 'slot-taken', kind: 'retry', because: 'its swap slot names another page by now' },
];
