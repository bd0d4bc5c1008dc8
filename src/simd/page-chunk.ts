import { type ChunkColumns, type ChunkSteps, columnsIn, OFFSETS } from './chunk-columns.js';
import { type Kernels, kernelMemory } from './kernels.js';
import { PlainSteps } from './plain-steps.js';

/** Memory to work in: whoever works with it takes out what he has made before anybody else can come. */
export interface PageChunk {
  readonly columns: ChunkColumns;
  readonly steps: ChunkSteps;
}

let kept: PageChunk | undefined;

/** The one of this thread. */
export function pageChunk(): PageChunk {
  kept ??= fastChunk() ?? plainChunk();
  return kept;
}

/** With kernels; null where there are none. */
export function fastChunk(): PageChunk | null {
  const memory = kernelMemory(OFFSETS.sizeBytes);
  return memory === null ? null : { columns: columnsIn(memory.buffer), steps: new KernelSteps(memory.kernels) };
}

/** The reference. */
export function plainChunk(): PageChunk {
  const columns = columnsIn(new ArrayBuffer(OFFSETS.sizeBytes));
  return { columns, steps: new PlainSteps(columns) };
}

/** By kernels, which get addresses. */
class KernelSteps implements ChunkSteps {
  constructor(private readonly kernels: Kernels) {}

  runsOfWords(nrPages: number, place: number): number {
    return this.kernels.runsOfWords(OFFSETS.words, nrPages, place, OFFSETS.runs);
  }

  runsOfFlags(nrPages: number, place: number): number {
    return this.kernels.runsOfFlags(OFFSETS.flags, nrPages, place, OFFSETS.runs);
  }

  translateRuns(run: number, nrRuns: number, place: number): number {
    const { words, runs, translations, flags, census, totals } = OFFSETS;
    return this.kernels.translateRuns(words, runs, run, nrRuns, place, translations, flags, census, totals);
  }

  countFlags(nrBlocks: number, mask: number, wanted: number): void {
    this.kernels.countWords(OFFSETS.flags, nrBlocks, mask, wanted, OFFSETS.found);
  }

  sortOutRuns(run: number, nrRuns: number, wantsMapcounts: boolean): number {
    const { words, flags, runs, sorts, kept, found, totals } = OFFSETS;
    const mapcounts = wantsMapcounts ? OFFSETS.mapcounts : 0;
    return this.kernels.sortOutRuns(words, flags, runs, run, nrRuns, sorts, kept, mapcounts, found, totals + 4);
  }

  tallyRuns(run: number, nrRuns: number): number {
    const { flags, runs, looks, tallies, found, totals } = OFFSETS;
    return this.kernels.tallyRuns(flags, runs, run, nrRuns, looks, tallies, found, totals + 4);
  }
}
