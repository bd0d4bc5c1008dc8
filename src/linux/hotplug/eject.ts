import { ACPI_DEVICES, type AcpiDimm } from '../acpi-dimms.js';
import type { BlockStates, Clock } from './block-states.js';
import type { StateWriter } from './state-writer.js';

/** The firmware is asked in a work queue of the kernel's (acpi_hotplug_schedule), after the write has returned. */
const GONE_MS_MAX = 5000;
const LOOK_MS = 100;

/** However little time is left: the kernel answers within a second if it can. */
const GONE_MS_MIN = 1000;

export interface EjectTask {
  readonly states: BlockStates;
  readonly writer: StateWriter;
  readonly clock: Clock;
  /** By the run's clock. */
  readonly deadlineMs: number;
}

/**
 * Ejects a DIMM whose blocks are all offline: 1 into the `eject` of its ACPI device (drivers/acpi/scan.c). Null once its
 * blocks are gone from sysfs, else why not.
 */
export async function ejectDimm(
  { name, blocks }: AcpiDimm,
  { states, writer, clock, deadlineMs }: EjectTask,
): Promise<string | null> {
  const path = `${ACPI_DEVICES}/${name}/eject`;
  const begun = clock.now();
  const patienceMs = Math.max(GONE_MS_MIN, Math.min(GONE_MS_MAX, deadlineMs - begun));
  const writing = writer.write({ word: '1', block: null, path, before: null });
  const isWritten = await clock.within(patienceMs, writing);
  if (!isWritten && !(await states.interrupt()))
    return `${name} is being ejected, and the kernel does not let go of it`;
  const error = await writing;
  if (error !== null) return `the kernel does not eject ${name} (${error})`;
  while (!blocks.every((block) => states.read(block) === null)) {
    const waitedMs = clock.now() - begun;
    if (waitedMs >= patienceMs) {
      const seconds = Math.round(waitedMs / 1000);
      return `${name} was asked to be ejected, but its memory blocks are still there after ${seconds} s`;
    }
    await clock.sleep(LOOK_MS);
  }
  return null;
}
