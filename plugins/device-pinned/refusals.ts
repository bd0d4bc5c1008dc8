import type { RefusalTable } from 'vacate/handler';

export const LONGTERM_PIN = 1;
export const TRANSFER = 2;

export const refusals: RefusalTable = [
  null,
  {
    id: 'longterm-pin',
    kind: 'permanent',
    because: 'a device has pinned it for as long as it wants (FOLL_LONGTERM): RDMA, VFIO, buffers of io_uring',
  },
  {
    id: 'transfer-under-way',
    kind: 'retry',
    because: 'a device has pinned it for a transfer under way (pin_user_pages): direct I/O',
  },
];
