import type { RangeEvent } from '../events/range-events.js';
import { BLOCK_OFFLINE, blockRange } from '../mm/memory-block.js';
import { MIGRATE_ISOLATE } from '../mm/migratetype.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { KIND_FREE, KIND_HOLE } from '../picture/page-kinds.js';
import { damaged } from './damaged.js';
import type { BlocksSnapshot, RecordedMachine } from './records.js';

type Shape = Pick<RecordedMachine, 'nrPfns' | 'blockPages' | 'pageblockPages'>;

export type TakeBack = () => void;
export type BlockCopy = readonly [states: Uint8Array, migratetypes: Uint8Array | null, own: Uint8Array | null];

/** What an event has changed. */
interface BlockChange {
  /** Pages that look different now. */
  readonly range: PfnRange;
  readonly takeBack: TakeBack;
  /** Bytes that it takes to take it back. */
  readonly keptBytes: number;
}

/** What memory blocks and pageblocks say of themselves, and what range events do to them. */
export class BlockBook {
  /** BLOCK_* by memory block. */
  readonly states: Uint8Array;
  /** MIGRATE_* by pageblock; null where nobody knows. */
  migratetypes: Uint8Array | null = null;
  /** The types that isolated pageblocks have again when that is undone. */
  #own: Uint8Array | null = null;

  constructor(private readonly shape: Shape) {
    this.states = new Uint8Array(Math.ceil(shape.nrPfns / shape.blockPages));
  }

  /** @throws VacateError kind 'recording' if the snapshot is of another machine. */
  take({ migratetypes, states }: BlocksSnapshot): void {
    fromRuns(states, this.states);
    if (migratetypes === null) {
      this.migratetypes = null;
      this.#own = null;
      return;
    }
    this.migratetypes ??= new Uint8Array(Math.ceil(this.shape.nrPfns / this.shape.pageblockPages));
    this.#own ??= new Uint8Array(this.migratetypes.length);
    fromRuns(migratetypes, this.migratetypes);
    for (let at = 0; at < this.#own.length; at++)
      if (this.migratetypes[at] !== MIGRATE_ISOLATE) this.#own[at] = this.migratetypes[at]!;
  }

  snapshot(): BlocksSnapshot {
    return {
      migratetypes: this.migratetypes === null ? null : runsOf(this.migratetypes),
      states: runsOf(this.states),
    };
  }

  /** Takes a snapshot, which may be taken back. */
  retake(snapshot: BlocksSnapshot): TakeBack {
    const before = this.copy();
    this.take(snapshot);
    return () => this.restore(before);
  }

  /** Of a copy. */
  get nrBytes(): number {
    return this.states.length + 2 * (this.migratetypes?.length ?? 0);
  }

  /** Everything, to be put back by `restore`. */
  copy(): BlockCopy {
    return [this.states.slice(), this.migratetypes?.slice() ?? null, this.#own?.slice() ?? null];
  }

  restore([states, types, own]: BlockCopy): void {
    this.states.set(states);
    this.migratetypes = types?.slice() ?? null;
    this.#own = own?.slice() ?? null;
  }

  /**
   * What an event does to blocks, and to the pages of a block that goes or comes back: offline memory has none, and what
   * comes back is free. Null if nothing looks different for it.
   */
  apply(event: RangeEvent, pages: Uint8Array): BlockChange | null {
    if (event.kind === 'range-isolated') return this.#setTypes(event.range, null);
    if (event.kind === 'range-isolation-undone') return this.#setTypes(event.range, this.#own);
    if (event.kind !== 'block-state' || event.block >= this.states.length) return null;
    return this.#setState(event.block, event.state, pages);
  }

  #setState(block: number, state: number, pages: Uint8Array): BlockChange {
    const { start, end } = this.rangeOf(block);
    const before = this.states[block]!;
    this.states[block] = state;
    const isComingBack = before === BLOCK_OFFLINE && state !== BLOCK_OFFLINE;
    const kept = state === BLOCK_OFFLINE || isComingBack ? pages.slice(start, end) : new Uint8Array(0);
    if (kept.length > 0) pages.fill(isComingBack ? KIND_FREE : KIND_HOLE, start, end);
    const types = state === BLOCK_OFFLINE ? this.#setTypes({ start, end }, this.#own) : null;
    const takeBack = () => {
      types?.takeBack();
      pages.set(kept, start);
      this.states[block] = before;
    };
    return { range: { start, end }, takeBack, keptBytes: kept.length + (types?.keptBytes ?? 0) };
  }

  rangeOf(block: number): PfnRange {
    const { start, end } = blockRange(block, this.shape.blockPages);
    return { start, end: Math.min(end, this.shape.nrPfns) };
  }

  /** Pageblocks of a range have the types that are passed, by pageblock, or are isolated without. */
  #setTypes(range: PfnRange, types: Uint8Array | null): BlockChange {
    const [first, end] = this.#pageblocksIn(range);
    const kept = this.migratetypes?.slice(first, end) ?? new Uint8Array(0);
    if (types === null) this.migratetypes?.fill(MIGRATE_ISOLATE, first, end);
    else this.migratetypes?.set(types.subarray(first, end), first);
    const takeBack = () => {
      this.migratetypes?.set(kept, first);
    };
    return { range, takeBack, keptBytes: kept.length };
  }

  /** Those that lie wholly within. */
  #pageblocksIn({ start, end }: PfnRange): [first: number, end: number] {
    const { pageblockPages } = this.shape;
    const first = Math.ceil(start / pageblockPages);
    return [first, Math.max(first, Math.floor(end / pageblockPages))];
  }
}

export function runsOf(values: Uint8Array): [value: number, nr: number][] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs;
}

function fromRuns(runs: ReadonlyArray<readonly [value: number, nr: number]>, values: Uint8Array): void {
  let at = 0;
  for (const [value, nr] of runs) {
    if (nr > values.length - at || value > 0xff) throw damaged('it has more blocks than its machine');
    values.fill(value, at, at + nr);
    at += nr;
  }
  if (at !== values.length) throw damaged('it has fewer blocks than its machine');
}
