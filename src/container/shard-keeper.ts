import { assert } from '../base/assert.js';
import { VacateError } from '../base/vacate-error.js';
import { hashOf } from '../compare/kept-machine.js';
import { TOTAL_MIGRATED, TOTAL_RETRIED } from '../events/page-events.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES, type BlockState, blockRange } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';
import { KeptRecording } from '../recording/kept-recording.js';
import { plainTables } from '../recording/plain-tables.js';
import { surveyOrder } from '../shards/order-survey.js';
import type {
  HighOrderWork,
  OfflineWork,
  ShardBlock,
  ShardCallOptions,
  ShardFacts,
  ShardVerb,
  ShardVerbs,
  ShardWork,
} from '../shards/shard.js';
import { compareLedger, type Ledger, takeLedger } from '../sim/ledger.js';
import type { Machine } from '../sim/machine.js';
import { simModule } from '../sim/sim-module.js';
import { askRange } from '../strategies/offline/ask-range.js';
import { checkedBlocks } from '../strategies/offline/check-blocks.js';
import type { HighOrderResult, Job, OfflineResult } from '../strategies/strategy.js';
import { createEvacuator, type Evacuator, type EvacuatorOptions } from './create-evacuator.js';
import { driveJob } from './run-job.js';
import { buildShardMachine, type ShardSource } from './shard-machine.js';

/** What a keeper of a node needs. */
export interface ShardTools {
  /** How its machine is made. */
  readonly source: ShardSource;
  /** Page types, in the order in which they are asked, and strategies beside the shipped ones. */
  readonly load: () => Promise<Pick<EvacuatorOptions, 'plugins' | 'strategies'>>;
  /** True if every page is to be read before and after; takes 8 bytes a page. */
  readonly isVerified: boolean;
  /** Milliseconds for which the thread has had a core; null where the system does not say. */
  readonly cpuMs: () => number | null;
  /** Milliseconds for which a job runs before a wish to stop is heard; as `runJob` has it if absent. */
  readonly sliceMs?: number;
}

interface Kept {
  readonly machine: Machine;
  readonly evacuator: Evacuator;
  readonly ledger: Ledger | null;
}

type Requests = { readonly [V in ShardVerb]: ShardVerbs[V]['request'] };
type Answers = {
  readonly [V in ShardVerb]: (request: Requests[V], options: KeeperOptions) => Promise<ShardVerbs[V]['answer']>;
};
type KeeperOptions = Required<Pick<ShardCallOptions, 'onProgress'>> & { readonly signal: AbortSignal };

/** The strategies that ask every page before they move one; others may have ways around those that refuse. */
const ASKS_FIRST = 'merged';
const NS_PER_MS = 1e6;

/** Keeps one node's machine and does with it what it is asked: the part of a shard that is in its thread. */
export class ShardKeeper {
  #kept: Kept | null = null;
  #recording: KeptRecording | null = null;
  readonly #answers: Answers = {
    open: (_, options) => this.#open(options),
    survey: async (request) => surveyOrder(this.#evacuator.service, request),
    highOrder: (request, options) => this.#highOrder(request, options),
    ask: async (request) => this.#ask(request),
    offline: (request, options) => this.#offline(request, options),
    online: async ({ blocks }) => this.#online(blocks),
    record: async () => this.#record(),
    recorded: async ({ outcome }) => {
      assert(this.#recording !== null, 'a recording is begun before it ends');
      return this.#recording.finish(outcome);
    },
    hash: async () => hashOf(new Uint32Array(this.#machine.buffer, 0, this.#machine.buffer.byteLength >>> 2)),
    verify: async () => (this.#kept?.ledger == null ? null : compareLedger(this.#machine, this.#kept.ledger)),
  };

  constructor(private readonly tools: ShardTools) {}

  answer<V extends ShardVerb>(
    verb: V,
    request: ShardVerbs[V]['request'],
    options: KeeperOptions,
  ): Promise<ShardVerbs[V]['answer']> {
    const answer = this.#answers[verb] as (of: typeof request, how: KeeperOptions) => Promise<ShardVerbs[V]['answer']>;
    return answer(request, options);
  }

  get #machine(): Machine {
    assert(this.#kept !== null, 'a shard is opened before anything else is asked of it');
    return this.#kept.machine;
  }

  get #evacuator(): Evacuator {
    assert(this.#kept !== null, 'a shard is opened before anything else is asked of it');
    return this.#kept.evacuator;
  }

  async #open({ signal, onProgress }: KeeperOptions): Promise<ShardFacts> {
    const { source, isVerified, load } = this.tools;
    const loaded = await load();
    const machine = await buildShardMachine(source, signal, (fraction) =>
      onProgress({ step: 'scanning', done: fraction, total: 1 }),
    );
    if (machine === null) throw new VacateError('stopped', 'the machine was not built: it was stopped');
    const evacuator = createEvacuator({ host: simModule(machine), ...loaded, pauses: 'batch' });
    this.#kept = { machine, evacuator, ledger: isVerified ? takeLedger(machine) : null };
    const { name, nrPfns, blockPages, dimms } = machine.spec;
    return { name, nrPfns, blockPages, dimms, blockState: Array.from(machine.blockState) as BlockState[] };
  }

  async #highOrder({ strategy, ...request }: Requests['highOrder'], options: KeeperOptions): Promise<HighOrderWork> {
    let blocksMade = 0;
    const subscription = this.#evacuator.ranges$.subscribe((event) => {
      if (event.kind === 'block-made') blocksMade++;
    });
    try {
      const begin = () => this.#evacuator.highOrder(request, strategy);
      const { result, ...work } = await this.#drive<HighOrderResult>(
        begin,
        strategy ?? this.#first('highOrder'),
        options,
      );
      return {
        ...work,
        made: result?.made ?? blocksMade,
        scanned: result?.scanned ?? null,
        lowerBound: result?.lowerBound ?? null,
        candidates: result?.candidates ?? null,
        freeBefore: result?.freeBefore ?? null,
        starts: Uint32Array.from(result?.ranges ?? [], ({ start }) => start),
        refusals: result?.refusals ?? [],
      };
    } finally {
      subscription.unsubscribe();
    }
  }

  #ask({ blocks, strategy = ASKS_FIRST }: Requests['ask']): ShardBlock[] {
    const { service } = this.#evacuator;
    return this.#checked(blocks).map((block) => {
      const tally =
        strategy === ASKS_FIRST ? askRange(service, blockRange(block, service.host.layout.blockPages)).refused : null;
      const isRefused = tally?.hasPermanent(service.handlers) === true;
      const state = BLOCK_STATE_NAMES[service.host.blockState(block)];
      return { block, state, pagesMigrated: 0, refusals: isRefused ? tally.counts(service.handlers) : [] };
    });
  }

  /** Blocks of a node are numbered from its own first, and complaints are to say so. */
  #checked(blocks: readonly BlockId[]): BlockId[] {
    try {
      return checkedBlocks(this.#evacuator.host, blocks);
    } catch (error) {
      if (!VacateError.is(error)) throw error;
      throw new VacateError(error.kind, `${this.#machine.spec.name}, counted from its own first: ${error.message}`);
    }
  }

  async #offline({ blocks, strategy }: Requests['offline'], options: KeeperOptions): Promise<OfflineWork> {
    const begin = () => this.#evacuator.offline({ blocks }, strategy);
    const { result, ...work } = await this.#drive<OfflineResult>(begin, strategy ?? this.#first('offline'), options);
    const { host } = this.#evacuator;
    const standing = blocks.map((block) => ({
      block,
      state: BLOCK_STATE_NAMES[host.blockState(block)],
      pagesMigrated: 0,
      refusals: [],
    }));
    const after = result?.blocks ?? standing;
    const isByBlock = after.some(({ refusals }) => refusals.length > 0);
    return { ...work, blocks: after, overall: isByBlock ? [] : (result?.refusals ?? []) };
  }

  #online(blocks: readonly BlockId[]): null {
    const { host } = this.#evacuator;
    for (const block of blocks) if (host.blockState(block) === BLOCK_OFFLINE) host.onlineBlock(block);
    return null;
  }

  /** What whoever puts nodes together knows better stays open. */
  #record(): null {
    const { host, counters, ranges$, service } = this.#evacuator;
    const outcomes = plainTables(service.handlers.tables);
    const facts = { command: [], source: 'scenario', seed: null, strategy: null, outcomes, by: '' } as const;
    const clock = () => this.#machine.clock[0]! / NS_PER_MS;
    this.#recording = new KeptRecording(host, counters, ranges$, { facts, clock });
    return null;
  }

  #first(frontEnd: 'highOrder' | 'offline'): string {
    return this.#evacuator.strategies[frontEnd][0]!;
  }

  /** Runs a job in slices, so that a wish to stop is heard, and draws up what every job has. */
  async #drive<Result extends HighOrderResult | OfflineResult>(
    begin: () => Job<Result>,
    strategy: string,
    { signal, onProgress }: KeeperOptions,
  ): Promise<ShardWork & { readonly result: Result | null }> {
    const { counters, host } = this.#evacuator;
    const clock = () => this.#machine.clock[0]!;
    const cpuBefore = this.tools.cpuMs();
    const before = { totals: counters.totals.slice(), reclaimed: host.reclaim.counters.reclaimed, clock: clock() };
    const { sliceMs } = this.tools;
    const end = await driveJob(begin(), { signal, onProgress, ...(sliceMs === undefined ? {} : { sliceMs }) });
    const cpuAfter = this.tools.cpuMs();
    return {
      result: end.ended === 'finished' ? end.result : null,
      stoppedAt: end.ended === 'finished' ? null : end.progress,
      strategy,
      pagesMigrated: counters.totals[TOTAL_MIGRATED]! - before.totals[TOTAL_MIGRATED]!,
      pagesReclaimed: host.reclaim.counters.reclaimed - before.reclaimed,
      pagesRetried: counters.totals[TOTAL_RETRIED]! - before.totals[TOTAL_RETRIED]!,
      virtualNs: clock() - before.clock,
      cpuMs: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
    };
  }
}
