import type { RefusalTable } from 'vacate/handler';

export const OFF_LRU = 1;
export const STABLE_NODE_GONE = 2;

export const refusals: RefusalTable = [
  null,
  { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
  { id: 'stable-node-gone', kind: 'retry', because: 'its stable node is gone: nobody shares it any more' },
];
