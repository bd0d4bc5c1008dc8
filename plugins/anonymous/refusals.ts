import type { RefusalTable } from 'vacate/handler';

export const ANON_VMA_GONE = 1;

export const refusals: RefusalTable = [
  null,
  { id: 'anon-vma-gone', kind: 'retry', because: 'its anon_vma is gone: the owner is exiting' },
];
