import type { RefusalTable } from 'vacate/handler';

export const LOGICALLY_OFFLINE = 1;

export const refusals: RefusalTable = [
  null,
  {
    id: 'logically-offline',
    kind: 'permanent',
    because: 'its driver has taken it out of service, and alone could let go of it',
  },
];
