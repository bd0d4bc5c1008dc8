import { bytesFor, CHUNK_PAGES, type ChunkColumns, type ChunkSteps, columnsIn, OFFSETS } from './chunk-columns.js';
import { type Kernels, kernelMemory } from './kernels.js';
import { PlainSteps } from './plain-steps.js';

/** 8 GiB of pages. A memory of WebAssembly takes gigabytes of address space, however small it is. */
const OWN_MEMORY_PAGES = 2 ** 21;
const FLAG_BYTES = 4;
const WORD_BYTES = 8;

/** Memory to work in: whoever works with it takes out what he has made before anybody else can come. */
export interface PageChunk {
  readonly columns: ChunkColumns;
  readonly steps: ChunkSteps;
}

let kept: PageChunk | undefined;
/** By the memory that the flags lie in. */
const chunks = new WeakMap<ArrayBufferLike, PageChunk>();

/** The one of this thread, for flags of one chunk at a time. */
export function pageChunk(): PageChunk {
  kept ??= fastChunk(CHUNK_PAGES) ?? plainChunk(CHUNK_PAGES);
  return kept;
}

/** The one that the flags lie in, or else that of the thread, into which they have to be brought (`bring`). */
export function chunkOf(flags: Uint32Array): PageChunk {
  const own = chunks.get(flags.buffer);
  return own !== undefined && liesIn(own, flags) ? own : pageChunk();
}

/** True for flags that steps find where they are. */
export function liesIn({ columns }: PageChunk, flags: Uint32Array): boolean {
  return flags.buffer === columns.flags.buffer && flags.byteOffset === columns.flags.byteOffset;
}

/** A chunk of flags to where steps find it: gives the page that it begins with there. */
export function bring(chunk: PageChunk, flags: Uint32Array, start: number, nrPages: number): number {
  if (liesIn(chunk, flags)) return start;
  chunk.columns.flags.set(flags.subarray(start, start + nrPages));
  return 0;
}

/** Zeroed flags of so many pages, in reach of kernels if there are enough of them to be worth a memory of their own. */
export function flagsFor(nrPages: number): Uint32Array {
  const chunk = nrPages < OWN_MEMORY_PAGES ? null : fastChunk(nrPages);
  if (chunk === null) return new Uint32Array(nrPages);
  chunks.set(chunk.columns.flags.buffer, chunk);
  return chunk.columns.flags;
}

/** With kernels; null where there are none. */
export function fastChunk(nrPages: number): PageChunk | null {
  const memory = kernelMemory(bytesFor(nrPages));
  return memory === null
    ? null
    : { columns: columnsIn(memory.buffer, nrPages), steps: new KernelSteps(memory.kernels) };
}

/** The reference. */
export function plainChunk(nrPages: number): PageChunk {
  const columns = columnsIn(new ArrayBuffer(bytesFor(nrPages)), nrPages);
  return { columns, steps: new PlainSteps(columns) };
}

/** By kernels, which get addresses. */
class KernelSteps implements ChunkSteps {
  constructor(private readonly kernels: Kernels) {}

  runsOfWords(nrPages: number, place: number): number {
    return this.kernels.runsOfWords(OFFSETS.words, nrPages, place, OFFSETS.runs);
  }

  runsOfFlags(first: number, nrPages: number, place: number): number {
    return this.kernels.runsOfFlags(flagsFrom(first), nrPages, place, OFFSETS.runs);
  }

  translateRuns(first: number, run: number, nrRuns: number, place: number): number {
    const { words, runs, translations, census, totals } = OFFSETS;
    const flags = flagsFrom(first);
    return this.kernels.translateRuns(words, runs, run, nrRuns, place, translations, flags, census, totals);
  }

  countFlags(first: number, nrBlocks: number, mask: number, wanted: number): void {
    this.kernels.countWords(flagsFrom(first), nrBlocks, mask, wanted, OFFSETS.found);
  }

  sortOutRuns(first: number, counted: number, run: number, nrRuns: number, wantsMapcounts: boolean): number {
    const { runs, sorts, kept, found, totals } = OFFSETS;
    const words = OFFSETS.words + counted * WORD_BYTES;
    const flags = flagsFrom(first);
    const mapcounts = wantsMapcounts ? OFFSETS.mapcounts : 0;
    return this.kernels.sortOutRuns(words, flags, runs, run, nrRuns, sorts, kept, mapcounts, found, totals + 4);
  }

  tallyRuns(first: number, run: number, nrRuns: number): number {
    const { runs, looks, tallies, found, totals } = OFFSETS;
    return this.kernels.tallyRuns(flagsFrom(first), runs, run, nrRuns, looks, tallies, found, totals + 4);
  }
}

function flagsFrom(page: number): number {
  return OFFSETS.flags + page * FLAG_BYTES;
}
