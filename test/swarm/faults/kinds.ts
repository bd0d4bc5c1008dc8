import { DRIVER_KINDS, HOST_KINDS, LISTENER_KINDS, PLUGIN_KINDS } from './ending-kinds.js';
import type { FaultKind } from './kind.js';
import { MEMORY_KINDS } from './memory-kinds.js';
import { HOLD_KINDS, OWNER_KINDS } from './page-kinds.js';

/** Every kind of fault. */
export const KINDS: readonly FaultKind[] = [
  ...MEMORY_KINDS,
  ...HOLD_KINDS,
  ...OWNER_KINDS,
  ...HOST_KINDS,
  ...PLUGIN_KINDS,
  ...DRIVER_KINDS,
  ...LISTENER_KINDS,
];
