import type { RefusalTable } from 'vacate/handler';

export const RELEASED = 1;
export const RESERVED = 2;
export const GIGANTIC = 3;
export const NO_POOL = 4;

export const refusals: RefusalTable = [
  null,
  { id: 'released', kind: 'retry', because: 'its file has let go of it' },
  { id: 'reserved', kind: 'retry', because: 'unused, but a file has been promised it: the pool has no other to spare' },
  {
    id: 'gigantic',
    kind: 'retry',
    because: 'larger than any free block, and no unused one as large is in the pool outside of the range',
  },
  { id: 'no-pool', kind: 'permanent', because: 'on the books of no pool: whoever took it keeps it' },
];
