import type { RefusalTable } from 'vacate/handler';

export const OFF_LRU = 1;
export const OWNER_GONE = 2;

export const refusals: RefusalTable = [
  null,
  { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
  {
    id: 'owner-gone',
    kind: 'retry',
    because: 'its file was truncated or its process has ended: it is about to be freed',
  },
];
