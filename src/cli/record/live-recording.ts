import { VacateError } from '../../base/vacate-error.js';
import { outcomeOf, PageEvents } from '../../events/page-events.js';
import { type FrontEnd, type RangeEvent, RangeEvents, type RunOutcome } from '../../events/range-events.js';
import type { AttemptExplanation } from '../../explain/index.js';
import { VERDICTS, type VerdictId } from '../../explain/verdicts.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { type CompactionCounters, countersSince, readCompactionCounters } from '../../linux/vmstat.js';
import type { BlockState } from '../../mm/memory-block.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, NO_PAGE } from '../../mm/units.js';
import type { RefusalTable } from '../../recording/plain-tables.js';
import type { Context } from '../context.js';
import { LiveMemory } from '../live/live-memory.js';
import { LiveFree } from './live-free.js';
import { Recording } from './recording.js';

const VERDICT_IDS = Object.keys(VERDICTS) as VerdictId[];
/** Why the kernel did not move a page, in the words of `vacate explain`; a page's outcome is its place here. */
const KERNEL: RefusalTable = {
  name: 'kernel',
  refusals: [
    null,
    ...VERDICT_IDS.map((id) => {
      const { holder, waitingHelps } = VERDICTS[id];
      return { id, kind: waitingHelps === false ? ('permanent' as const) : ('retry' as const), because: holder };
    }),
  ],
};
const BY_KERNEL = "the kernel's own";
/** Pages that are compared at a time. */
const PIECE_PAGES = 2 ** 20;

/** Outcomes of live runs, as range events know them; a run that ended by itself without success was refused. */
const OUTCOMES: Readonly<Record<string, RunOutcome>> = {
  done: 'done',
  partial: 'partial',
  failed: 'failed',
  interrupted: 'interrupted',
};

/**
 * A run of a kernel, written down as far as it can be seen from outside: states of blocks, what was left in them, the
 * kernel's counters, and the pages that its log names. Which page went where it does not say.
 */
export class LiveRecording {
  readonly #ranges = new RangeEvents();
  readonly #events = new PageEvents();
  readonly #recording: Recording;
  readonly #pagesLeft = new Map<BlockId, number>();

  /**
   * Reads the host and begins to record; null if nobody wants that.
   *
   * @throws VacateError kind 'usage' if the file cannot be written, 'host' as `LiveMemory.read` does.
   */
  static async of(context: Context, path: string | undefined, tree: LinuxTree): Promise<LiveRecording | null> {
    if (path === undefined) return null;
    const memory = await LiveMemory.read(context, tree);
    context.progress.stop();
    return new LiveRecording(context, path, tree, memory);
  }

  /** @throws VacateError kind 'usage' if the file cannot be written. */
  constructor(
    context: Context,
    path: string,
    tree: LinuxTree,
    private readonly memory: LiveMemory,
  ) {
    const before = countersOf(tree);
    const counted = () => {
      const now = before === null ? null : countersOf(tree);
      if (before === null || now === null) return {};
      const { pgmigrate_success: migrated, pgmigrate_fail: retried } = countersSince(before, now);
      return { migrated, retried };
    };
    const { name, layout, flags, migratetype } = memory;
    const free = new LiveFree(tree, layout.zones);
    const host = {
      ...{ name, layout, columns: { flags } },
      free: {
        migratetype,
        nrPages: (zone: number) => free.nrPages(zone),
        nrBlocks: (zone: number, order: number) => free.nrBlocks(zone, order),
      },
      blockState: (block: BlockId) => memory.blockState(block),
    };
    this.#recording = Recording.begin(
      context,
      { path, source: 'live', seed: null },
      {
        ...{ host, counters: this.#events, ranges$: this.#ranges.events$, strategy: BY_KERNEL, tables: [KERNEL] },
        ...{ isCurrent: false, counted },
      },
    );
  }

  begin(frontEnd: FrontEnd, ranges: readonly PfnRange[]): void {
    this.note({ kind: 'run-started', frontEnd, strategy: BY_KERNEL, ranges });
  }

  note(event: RangeEvent): void {
    this.#ranges.emit(event);
    void this.#recording.tick();
  }

  state(block: BlockId, state: BlockState): void {
    this.note({ kind: 'block-state', block, state });
  }

  /** Asks the kernel what a block is now, and writes it down if that is news. */
  lookAtState(block: BlockId): void {
    const state = this.memory.lookAtState(block);
    if (state !== null) this.state(block, state);
  }

  /** A block that stays as it is, and why, in a sentence. */
  gaveUp(block: BlockId, reason: string): void {
    this.note({ kind: 'refused', range: this.memory.rangeOf(block), reason });
  }

  /** What is left in a block, after `memory` has been told. */
  look(block: BlockId, pages: number): void {
    if (this.#pagesLeft.get(block) === pages) {
      this.tick();
      return;
    }
    this.#pagesLeft.set(block, pages);
    this.#show(this.memory.rangeOf(block));
    this.note({ kind: 'pages-left', block, pages });
  }

  /** Time goes by. */
  tick(): void {
    void this.#recording.tick();
  }

  /** The pages that the kernel named, each once. */
  refused(explanations: readonly AttemptExplanation[]): void {
    const verdicts = new Map(explanations.flatMap(({ pages }) => pages.map(({ pfn, verdict }) => [pfn, verdict])));
    this.#events.begin();
    for (const [pfn, verdict] of verdicts)
      if (pfn < this.memory.layout.nrPfns) this.#events.record(pfn, NO_PAGE, outcomeOf(0, codeOf(verdict)));
    this.#events.flush();
  }

  /** The run is over, and `memory` is as it was read last. */
  async end(outcome: string): Promise<void> {
    if (this.memory.hasPages) this.#show({ start: 0, end: this.memory.layout.nrPfns });
    this.note({ kind: 'run-finished', outcome: OUTCOMES[outcome] ?? 'refused' });
    await this.#recording.end(outcome);
  }

  #show({ start, end }: PfnRange): void {
    for (let at = start; at < end; at += PIECE_PAGES)
      this.#recording.recorder.look(at, this.memory.plain.subarray(at, Math.min(end, at + PIECE_PAGES)));
  }
}

function codeOf(verdict: VerdictId): number {
  return 1 + VERDICT_IDS.indexOf(verdict);
}

/** Counting must not stop what is counted. */
function countersOf(tree: LinuxTree): CompactionCounters | null {
  try {
    return readCompactionCounters(tree);
  } catch (error) {
    if (VacateError.is(error)) return null;
    throw error;
  }
}
