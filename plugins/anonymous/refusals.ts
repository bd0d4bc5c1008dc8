import type { RefusalTable } from 'vacate/handler';

export const OFF_LRU = 1;
export const ANON_VMA_GONE = 2;

export const refusals: RefusalTable = [
  null,
  { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
  { id: 'anon-vma-gone', kind: 'retry', because: 'its anon_vma is gone: the owner is exiting' },
];
