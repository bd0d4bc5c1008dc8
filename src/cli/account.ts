import type { Evacuator } from '../container/create-evacuator.js';
import { codeOf, type PageEventBatch, TOTAL_RETRIED, WORDS_PER_EVENT } from '../events/page-events.js';
import { BLOCK_OFFLINE } from '../mm/memory-block.js';
import { PAGE_SIZE } from '../mm/units.js';
import { countsById, KIND_FREE, kindOf, newCounts } from '../picture/page-kinds.js';
import { compareLedger, type Ledger, type LedgerComparison, takeLedger } from '../sim/ledger.js';
import type { Machine } from '../sim/machine.js';

/** What a job moved and what it cost. */
export interface Account {
  readonly pagesMigrated: number;
  readonly bytesMigrated: number;
  /** Pages taken from their owners and freed. */
  readonly pagesReclaimed: number;
  /** Pages by what they were when the job began, indexed by kind. */
  readonly movedByKind: Uint32Array;
  /** Pages by the memory block from which they moved. */
  readonly movedByBlock: Uint32Array;
  /** Tries beyond the first, over all pages. */
  readonly pagesRetried: number;
  /** Times that the job let the machine's time pass because of what may pass: locks, pins, writes. */
  readonly waits: number;
  /** Sweeps over the pages that were left; null if the strategy does not announce them. */
  readonly passes: number | null;
  /** The machine's own time that went by. */
  readonly virtualNs: number;
  /** Ours, as far as the job took it. */
  readonly wallMs: number;
  readonly contents: LedgerComparison;
}

/** Watches a job from outside, through what it announces, so that it also knows about one that was stopped. */
export class AccountBook {
  readonly #kinds: Uint8Array;
  readonly #moved = newCounts();
  readonly #byBlock: Uint32Array;
  readonly #ledger: Ledger;
  readonly #retriedBefore: number;
  readonly #clockBefore: number;
  readonly #reclaimedBefore: number;
  readonly #subscriptions: { unsubscribe(): void }[];
  #passes: number | null = null;
  /** Free blocks that the job has announced so far. */
  blocksMade = 0;
  /** Memory blocks that have gone offline so far. */
  blocksOffline = 0;
  /** Kept by whoever drives the job. */
  waits = 0;

  constructor(
    private readonly machine: Machine,
    private readonly evacuator: Evacuator,
  ) {
    this.#ledger = takeLedger(machine);
    this.#byBlock = new Uint32Array(machine.blockState.length);
    this.#kinds = new Uint8Array(machine.spec.nrPfns);
    for (let pfn = 0; pfn < this.#kinds.length; pfn++) this.#kinds[pfn] = kindOf(machine.flags[pfn]!);
    this.#retriedBefore = evacuator.counters.totals[TOTAL_RETRIED]!;
    this.#clockBefore = machine.clock[0]!;
    this.#reclaimedBefore = evacuator.host.reclaim.counters.reclaimed;
    this.#subscriptions = [
      evacuator.pages$.subscribe((batch) => this.#note(batch)),
      evacuator.ranges$.subscribe((event) => {
        if (event.kind === 'pass-started') this.#passes = Math.max(this.#passes ?? 0, event.pass);
        if (event.kind === 'block-made') this.blocksMade++;
        if (event.kind === 'block-state' && event.state === BLOCK_OFFLINE) this.blocksOffline++;
      }),
    ];
  }

  /** A page that moves twice is the same page: its kind travels with it. */
  #note({ words, nrEvents }: PageEventBatch): void {
    const kinds = this.#kinds;
    const { blockPages } = this.machine.spec;
    for (let at = 0; at < nrEvents * WORDS_PER_EVENT; at += WORDS_PER_EVENT) {
      if (codeOf(words[at + 2]!) !== 0) continue;
      const kind = kinds[words[at]!]!;
      const block = Math.floor(words[at]! / blockPages);
      this.#moved[kind] = this.#moved[kind]! + 1;
      this.#byBlock[block] = this.#byBlock[block]! + 1;
      kinds[words[at + 1]!] = kind;
      kinds[words[at]!] = KIND_FREE;
    }
  }

  get pagesMigrated(): number {
    return this.#moved.reduce((sum, pages) => sum + pages, 0);
  }

  get pagesReclaimed(): number {
    return this.evacuator.host.reclaim.counters.reclaimed - this.#reclaimedBefore;
  }

  /** Closes the book: reads every page again. */
  close(wallMs: number): Account {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    const { machine, evacuator, pagesMigrated, pagesReclaimed } = this;
    return {
      pagesMigrated,
      bytesMigrated: pagesMigrated * PAGE_SIZE,
      pagesReclaimed,
      movedByKind: this.#moved,
      movedByBlock: this.#byBlock,
      pagesRetried: evacuator.counters.totals[TOTAL_RETRIED]! - this.#retriedBefore,
      waits: this.waits,
      passes: this.#passes,
      virtualNs: machine.clock[0]! - this.#clockBefore,
      wallMs,
      contents: compareLedger(machine, this.#ledger),
    };
  }
}

/** The part of a report that every job has. Nothing in it depends on the speed of this computer. */
export function accountJson({
  pagesMigrated,
  bytesMigrated,
  pagesReclaimed,
  movedByKind,
  pagesRetried,
  waits,
  passes,
  virtualNs,
  contents,
}: Account) {
  return {
    pagesMigrated,
    bytesMigrated,
    pagesReclaimed,
    movedByKind: countsById(movedByKind),
    pagesRetried,
    waits,
    passes,
    virtualNs,
    contentsVerified: { pages: contents.pages, wrong: contents.wrong, firstWrong: contents.firstWrong },
  };
}
