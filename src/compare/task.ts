import type { Cell } from './cell.js';
import type { RecordingFacts } from './cell-recording.js';
import type { StrategyLabels } from './evacuator-port.js';
import type { Group, PlannedJob } from './plan.js';

/** What a machine is built from: a scenario's text, so that every worker reads the same, or a capture's directory. */
export type MachineSource =
  | { readonly kind: 'scenario'; readonly where: string; readonly text: string }
  | { readonly kind: 'capture'; readonly directory: string };

/** What a worker is told: plain data, so that it can be sent. */
export interface CompareTask {
  readonly source: MachineSource;
  readonly group: Group;
  /** The jobs that cells of the group name. */
  readonly jobs: readonly PlannedJob[];
  /** Who competes, by front end. */
  readonly labels: StrategyLabels;
  readonly plugins: readonly string[];
  /** Milliseconds that one of these may take; as `loadPlugins` has it if absent. */
  readonly handlerTimeLimitMs?: number | undefined;
  readonly strategyModules: readonly string[];
  /** Absent if cells are not to be written down. */
  readonly recording?: RecordingFacts;
}

/** What a worker posts: a cell that is finished, and what was written down of it. */
export interface CellNews {
  readonly cell: Cell;
  readonly recording: Uint8Array | null;
}
