import type { VacateErrorKind } from '../base/vacate-error.js';
import type { SharedMachine } from '../smp/shared-machine.js';
import type { CountersShape } from './counters.js';
import type { FaultKind } from './fault-kinds.js';
import type { RosterEntry } from './roster.js';
import type { SoakShape } from './shape.js';
import type { WrongWord } from './wrong-word.js';

/** What a thread of a soak is told: which one it is, and where everything lies that it shares with the others. */
export interface SoakTask {
  readonly role: 'processes' | 'migrator';
  /** Number among all threads of the soak: those that run processes come first. */
  readonly thread: number;
  /** Number among the migrators. */
  readonly migrator: number;
  readonly cpu: number;
  readonly seed: number;
  readonly machine: SharedMachine;
  readonly shape: SoakShape;
  readonly ledger: SharedArrayBuffer;
  readonly residents: { readonly pages: number; readonly filePages: number; readonly buffer: SharedArrayBuffer };
  readonly counters: { readonly shape: CountersShape; readonly buffer: SharedArrayBuffer };
  readonly moves: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly roster: readonly RosterEntry[];
  readonly faults: readonly FaultKind[];
  readonly plugins: readonly string[];
  /** Milliseconds that one of these may take; as `loadPlugins` has it if absent. */
  readonly handlerTimeLimitMs?: number | undefined;
  readonly quietEveryMs: number;
  readonly rounds: number | null;
}

/** What a thread says before it ends. */
export type SoakMessage =
  | { readonly kind: 'wrong'; readonly wrong: WrongWord }
  | { readonly kind: 'broken'; readonly broken: readonly string[] }
  /** An error that says what to do; as an object it would not come across whole. */
  | { readonly kind: 'failed'; readonly error: { readonly kind: VacateErrorKind; readonly message: string } };
