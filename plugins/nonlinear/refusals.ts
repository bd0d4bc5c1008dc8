import type { RefusalTable } from 'vacate/handler';

export const NONLINEAR_MAPPING = 1;

export const refusals: RefusalTable = [
  null,
  {
    id: 'nonlinear-mapping',
    kind: 'permanent',
    because: 'its file is mapped through a nonlinear VMA, whose entries reverse mapping cannot find',
  },
];
