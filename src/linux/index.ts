/**
 * A Linux host by itself: its files, its memory blocks and DIMMs, and the host as a port.
 *
 * @module vacate/linux
 */
export { type AcpiDimm, readAcpiDimms } from './acpi-dimms.js';
export type { BlockWriter } from './host/block-writer.js';
export { LinuxHost } from './host/linux-host.js';
export { linuxModule } from './host/linux-module.js';
export { LinuxTree } from './linux-tree.js';
export { LiveFiles, type LiveOptions } from './live-files.js';
export { readSysfsMemory, type SysfsBlock, type SysfsMemory } from './sysfs-memory.js';
