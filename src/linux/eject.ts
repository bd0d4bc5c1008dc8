import { ACPI_DEVICES, type AcpiDimm } from './acpi-dimms.js';
import type { BlockStates, Clock } from './block-states.js';
import type { StateWriter } from './state-writer.js';

/** The firmware is asked in a work queue of the kernel's (acpi_hotplug_schedule), after the write has returned. */
const GONE_MS_MAX = 5000;
const LOOK_MS = 100;

/**
 * Ejects a DIMM whose blocks are all offline: 1 into the `eject` of its ACPI device (drivers/acpi/scan.c). Null once its
 * blocks are gone from sysfs, else why not.
 */
export async function ejectDimm(
  { name, blocks }: AcpiDimm,
  { states, writer, clock }: { readonly states: BlockStates; readonly writer: StateWriter; readonly clock: Clock },
): Promise<string | null> {
  const path = `${ACPI_DEVICES}/${name}/eject`;
  const error = await writer.write({ word: '1', block: null, path, before: null });
  if (error !== null) return `the kernel does not eject ${name} (${error})`;
  const patienceMs = clock.now() + GONE_MS_MAX;
  for (;;) {
    if (blocks.every((block) => states.read(block) === null)) return null;
    if (clock.now() >= patienceMs) break;
    await clock.sleep(LOOK_MS);
  }
  return `${name} was asked to be ejected, but its memory blocks are still there after ${GONE_MS_MAX / 1000} s`;
}
