/**
 * The simulated machine by itself: built, used by processes, checked, and offered as a host.
 *
 * @module vacate/sim
 */
export { ACCESS_NO_MEMORY, ACCESS_OK, type Access, readPage, writePage } from './access.js';
export { createProcess, exitProcess, forkProcess, type MapRequest, mapMemory, VM_WRITE } from './address-space.js';
export { machineFromImage } from './from-image.js';
export { compareLedger, type Ledger, type LedgerComparison, takeLedger } from './ledger.js';
export { type Capacity, type ContentsKind, createMachine, type Machine, type MachineSpec } from './machine.js';
export { type MachineSize, machineSize } from './machine-size.js';
export { SimHost } from './sim-host.js';
export { simModule } from './sim-module.js';
export { validateMachine } from './validate.js';
