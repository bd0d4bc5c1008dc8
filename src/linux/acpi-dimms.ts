import type { BlockId } from '../mm/units.js';
import type { LinuxTree } from './linux-tree.js';

export const ACPI_DEVICES = '/sys/bus/acpi/devices';

/**
 * A memory device of the firmware's (ACPI PNP0C80), as far as its memory is there.
 *
 * @example
 * const dimms: AcpiDimm[] = readAcpiDimms(new LinuxTree('/no/such/folder'));
 * dimms; // []
 */
export interface AcpiDimm {
  /** "PNP0C80:00". */
  readonly name: string;
  /** Ascending. */
  readonly blocks: readonly BlockId[];
}

/**
 * Which blocks make which DIMM: links `physical_node*` of each device to memory blocks (drivers/acpi/glue.c).
 *
 * @example
 * for (const { name, blocks } of readAcpiDimms(new LinuxTree())) console.log(name, blocks);
 */
export function readAcpiDimms(tree: LinuxTree): AcpiDimm[] {
  const devices = (tree.list(ACPI_DEVICES) ?? []).filter((name) => /^PNP0C80:[0-9a-f]{2,4}$/i.test(name)).sort();
  return devices.map((name) => ({ name, blocks: blocksOf(tree, `${ACPI_DEVICES}/${name}`) }));
}

function blocksOf(tree: LinuxTree, device: string): BlockId[] {
  const blocks: BlockId[] = [];
  for (const entry of tree.list(device) ?? []) {
    if (!/^physical_node\d*$/.test(entry)) continue;
    const number = /\/memory(0|[1-9]\d{0,8})$/.exec(tree.link(`${device}/${entry}`) ?? '')?.[1];
    if (number !== undefined) blocks.push(Number(number));
  }
  return blocks.sort((a, b) => a - b);
}
