import type { RefusalTable } from 'vacate/handler';

export const RELEASED = 1;

export const refusals: RefusalTable = [null, { id: 'released', kind: 'retry', because: 'its driver has let go of it' }];
