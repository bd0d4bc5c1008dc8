import type { RefusalTable } from 'vacate/handler';

export const OFF_LRU = 1;
export const MAPPING_GONE = 2;
export const TRUNCATED = 3;
export const SPLIT_REFUSED = 4;

export const refusals: RefusalTable = [
  null,
  { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
  { id: 'mapping-gone', kind: 'retry', because: 'its anon_vma is gone: the owner is exiting' },
  { id: 'truncated', kind: 'retry', because: 'its file was truncated: the page is about to be freed' },
  {
    id: 'split-refused',
    kind: 'retry',
    because: 'no free block is as large, and it cannot be split while it is written or has buffers',
  },
];
