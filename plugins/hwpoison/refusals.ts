import type { RefusalTable } from 'vacate/handler';

export const POISONED = 1;

export const refusals: RefusalTable = [
  null,
  { id: 'hwpoison', kind: 'permanent', because: 'its memory is damaged, and nobody may read it any more' },
];
