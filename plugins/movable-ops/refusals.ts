import type { RefusalTable } from 'vacate/handler';

export const RELEASED = 1;
export const DRIVER_BUSY = 2;
export const DRIVER_REFUSES = 3;

export const refusals: RefusalTable = [
  null,
  { id: 'released', kind: 'retry', because: 'its driver has let go of it' },
  { id: 'driver-busy', kind: 'retry', because: 'its driver cannot move it just now (-EAGAIN)' },
  { id: 'driver-refuses', kind: 'permanent', because: 'its driver has tried to move it and will not (-EBUSY)' },
];
