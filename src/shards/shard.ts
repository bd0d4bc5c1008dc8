import type { RefusalCount } from '../migration/migration-report.js';
import type { BlockState, Dimm } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';
import type { LedgerComparison } from '../sim/ledger.js';
import type { HighOrderRequest, PagesScanned, StrategyProgress } from '../strategies/strategy.js';
import type { OrderSurvey } from './order-survey.js';

/** A node's machine, in plain data. Page frames and blocks are numbered from the node's own first. */
export interface ShardFacts {
  readonly name: string;
  readonly nrPfns: number;
  readonly blockPages: number;
  readonly dimms: readonly Dimm[];
  readonly blockState: readonly BlockState[];
}

/** What every job says of itself, in whatever way it ended. */
export interface ShardWork {
  /** Where the job stood when it was stopped, and undone; null if it came to its own end. */
  readonly stoppedAt: StrategyProgress | null;
  readonly strategy: string;
  readonly pagesMigrated: number;
  /** Pages taken from their owners and freed. */
  readonly pagesReclaimed: number;
  /** Tries of single pages beyond the first. */
  readonly pagesRetried: number;
  /** The machine's own time that went by. */
  readonly virtualNs: number;
  /** Milliseconds for which the job had a core; null where the system does not say. */
  readonly cpuMs: number | null;
}

export interface HighOrderWork extends ShardWork {
  readonly made: number;
  readonly scanned: PagesScanned | null;
  readonly lowerBound: number | null;
  readonly candidates: number | null;
  readonly freeBefore: number | null;
  /** First page frames of the ranges that it set out to make and that were free at the end. */
  readonly starts: Uint32Array;
  readonly refusals: readonly RefusalCount[];
}

export interface ShardBlock {
  readonly block: BlockId;
  readonly state: string;
  readonly pagesMigrated: number;
  readonly refusals: readonly RefusalCount[];
}

export interface OfflineWork extends ShardWork {
  readonly blocks: readonly ShardBlock[];
  /** Refusals that belong to no block: memory that is missing elsewhere. */
  readonly overall: readonly RefusalCount[];
}

interface OfflineAsk {
  readonly blocks: readonly BlockId[];
  readonly strategy?: string | undefined;
}

interface Verb<Request, Answer> {
  readonly request: Request;
  readonly answer: Answer;
}

/** What a shard can be asked. */
export interface ShardVerbs {
  /** Builds the machine; asked first, and once. */
  readonly open: Verb<null, ShardFacts>;
  readonly survey: Verb<HighOrderRequest, OrderSurvey>;
  readonly highOrder: Verb<HighOrderRequest & { readonly strategy?: string | undefined }, HighOrderWork>;
  /** Whether `offline` makes sense, and of a strategy that asks first, what says no for good. Changes nothing. */
  readonly ask: Verb<OfflineAsk, readonly ShardBlock[]>;
  readonly offline: Verb<OfflineAsk, OfflineWork>;
  /** Brings blocks back. */
  readonly online: Verb<{ readonly blocks: readonly BlockId[] }, null>;
  /** Begins to write down what is done from now on. */
  readonly record: Verb<null, null>;
  /** Ends that: what was written, as `KeptRecording` gives it. */
  readonly recorded: Verb<{ readonly outcome: string }, Uint8Array>;
  /** A word about every byte of the machine's state. */
  readonly hash: Verb<null, string>;
  /** Reads every page again; null if nobody wanted to know when the machine was built. */
  readonly verify: Verb<null, LedgerComparison | null>;
}

export type ShardVerb = keyof ShardVerbs;

/** A verb with what it needs, as it is sent. */
export type ShardRequest = {
  readonly [V in ShardVerb]: { readonly verb: V; readonly request: ShardVerbs[V]['request'] };
}[ShardVerb];
export type ShardAnswer = ShardVerbs[ShardVerb]['answer'];

export interface ShardCallOptions {
  /** Aborted, it stops a job, which is then undone, and its answer says what stands. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: StrategyProgress) => void;
}

/** A node's machine, wherever it is kept; asked one thing at a time. */
export interface Shard {
  /**
   * @throws VacateError for a request that makes no sense there; the shard is none the worse.
   * @throws another error if it broke down. Nobody knows what state its machine is in then.
   */
  call<V extends ShardVerb>(
    verb: V,
    request: ShardVerbs[V]['request'],
    options?: ShardCallOptions,
  ): Promise<ShardVerbs[V]['answer']>;
  close(): Promise<void>;
}
