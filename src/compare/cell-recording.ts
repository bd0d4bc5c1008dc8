import { KeptRecording } from '../recording/kept-recording.js';
import { plainTables } from '../recording/plain-tables.js';
import type { Machine } from '../sim/machine.js';
import type { CellKey } from './cell.js';
import type { CellEvacuator } from './evacuator-port.js';
import type { MachineSource } from './task.js';

/** What every recording of a comparison says of it. */
export interface RecordingFacts {
  /** As the command line was, without the program's name. */
  readonly command: readonly string[];
  /** Version of vacate. */
  readonly by: string;
}

const NS_PER_MS = 1e6;

/** Begins to write a cell's run down, by the machine's own clock: like the cell, it does not depend on who ran it when. */
export function recordCell(
  { command, by }: RecordingFacts,
  { strategy, seed }: CellKey,
  source: MachineSource['kind'],
  machine: Machine,
  { service, counters, ranges$ }: CellEvacuator,
): KeptRecording {
  const outcomes = plainTables(service.handlers.tables);
  const facts = { command, by, source, seed, strategy, outcomes };
  return new KeptRecording(service.host, counters, ranges$, { facts, clock: () => machine.clock[0]! / NS_PER_MS });
}
