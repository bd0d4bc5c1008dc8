import type { CompactionRun } from '../../linux/compact-memory.js';
import type { Machine } from '../../sim/machine.js';
import type { Outlook } from './high-order-live-outlook.js';

/** What `vacate high-order live` found out, and did. */
export interface HighOrderLiveReport {
  readonly machine: Machine;
  readonly source: 'scenario' | 'capture' | 'live';
  /** Release of the kernel that the machine runs; null if it is not known. */
  readonly kernel: string | null;
  /** The release by whose rules it was simulated. */
  readonly rules: string;
  /** The only node that was looked at; null for all. */
  readonly node: number | null;
  readonly outlook: Outlook;
  /** Null if nothing was written. */
  readonly run: CompactionRun | null;
  /** Seconds from when the machine was read to when the kernel was asked; others were at work meanwhile, and so were we. */
  readonly ageSeconds: number;
  readonly caveats: readonly string[];
}
