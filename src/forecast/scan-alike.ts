import type { Outcome } from '../events/page-events.js';
import { MAX_NAMED_PFNS, RefusalTally } from '../migration/migration-report.js';
import type { MigrationService } from '../migration/migration-service.js';
import { MIGRATE_MOVABLE } from '../mm/migratetype.js';
import { PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { CHUNK_PAGES } from '../simd/chunk-columns.js';
import { clearTable, learn, rowIn } from '../simd/known-words.js';
import { bring, chunkOf, type PageChunk } from '../simd/page-chunk.js';
import type { BlockScan } from './block-scan.js';
import { type AlikePages, ASK_EACH, Looks } from './looks.js';
import { FREE, HOLE, NR_CLASSES, NR_KINDS, type PageClass, REFUSED, UNTYPED } from './page-class.js';
import {
  emptySurvey,
  IS_CACHE,
  IS_DIRTY_METADATA,
  IS_FREE,
  IS_PER_CPU,
  IS_SWAPPABLE,
  IS_USED,
  NR_TRAITS,
  type Survey,
} from './survey.js';

/** What a machine holds, and what stands in each of its blocks, by number. */
export interface ScannedMachine {
  readonly survey: Survey;
  readonly scans: readonly BlockScan[];
}

/** More runs than anybody asks for. */
const EVERY_RUN = 0xffff_ffff;
const NONE: readonly Pfn[] = [];

/**
 * `surveyBlocks` and `scanRange` for every block, in one pass over the flags of all pages: run by run, as neighbours look
 * alike more often than not, and one page of each kind is asked.
 */
export function scanAlike(
  service: MigrationService,
  alike: AlikePages,
  isCaptured: boolean,
  onBlock: (done: number, total: number) => void,
): ScannedMachine {
  const { nrPfns, blockPages } = service.host.layout;
  const nrBlocks = Math.ceil(nrPfns / blockPages);
  const survey = emptySurvey(nrBlocks);
  const tally = new RunTally(service, new Looks(service, alike, isCaptured), nrBlocks);
  const scans: BlockScan[] = [];
  let nrDirtyMetadata = 0;
  for (let block = 0; block < nrBlocks; block++) {
    onBlock(block, nrBlocks);
    const start = block * blockPages;
    tally.begin(block);
    const end = Math.min(start + blockPages, nrPfns);
    for (let pfn = start; pfn < end; pfn += CHUNK_PAGES) tally.take(pfn, Math.min(end - pfn, CHUNK_PAGES));
    scans.push(tally.finish(start, start + blockPages));
    survey.free[block] = tally.with(IS_FREE);
    survey.perCpu[block] = tally.with(IS_PER_CPU);
    survey.used[block] = tally.with(IS_USED);
    survey.cache[block] = tally.with(IS_CACHE);
    survey.swappable[block] = tally.with(IS_SWAPPABLE);
    nrDirtyMetadata += tally.with(IS_DIRTY_METADATA);
  }
  return { survey: { ...survey, nrDirtyMetadata }, scans };
}

/** What stands in a block, as it is found: pages are counted by their looks, and the first runs of each are named. */
class RunTally {
  readonly #chunk: PageChunk;
  /** Pages by kind, of all blocks: a small buffer a block would cost more than what it holds. */
  readonly #allCounts: Uint32Array;
  #counts: Uint32Array;
  /** Pages by what they are to the survey. */
  readonly #traits = new Uint32Array(NR_TRAITS);
  #pfns: (Pfn[] | null)[] = [];
  #refusals = new RefusalTally();
  #nrUntypedInMovable = 0;

  constructor(
    private readonly service: MigrationService,
    private readonly looks: Looks,
    nrBlocks: number,
  ) {
    this.#chunk = chunkOf(service.host.columns.flags);
    this.#allCounts = new Uint32Array(nrBlocks * NR_KINDS);
    this.#counts = this.#allCounts;
    this.#forget();
  }

  begin(block: number): void {
    this.#counts = this.#allCounts.subarray(block * NR_KINDS, (block + 1) * NR_KINDS);
    this.#traits.fill(0);
    this.#pfns = new Array<Pfn[] | null>(NR_KINDS).fill(null);
    this.#refusals = new RefusalTally();
    this.#nrUntypedInMovable = 0;
    const { looks: table } = this.#chunk.columns;
    for (let number = 0; number < this.looks.nr; number++) {
      const row = rowIn(table, this.looks.wordOf(number), 0);
      if (row >= 0) table[row + 2] = this.#runsWanted(number);
    }
  }

  /** Pages that fit into a chunk, run by run: none reaches over the border of a pageblock. */
  take(start: Pfn, nrPages: number): void {
    const { columns, steps } = this.#chunk;
    const { runs, found, totals } = columns;
    const { flags } = this.service.host.columns;
    const at = bring(this.#chunk, flags, start, nrPages);
    totals[1] = 0;
    const nrRuns = steps.runsOfFlags(at, nrPages, start % PAGEBLOCK_PAGES);
    for (let run = 0; ; ) {
      run = steps.tallyRuns(at, run, nrRuns);
      if (run === nrRuns) break;
      const pfn = start + runs[run]!;
      const number = this.#numberOf(flags[pfn]!, pfn);
      learn(columns.looks, flags[pfn]!, 0, [this.#runsWanted(number), number]);
    }
    for (let i = 0; i < totals[1]!; i++) {
      const pfn = start + runs[found[i]!]!;
      this.#note(flags[pfn]!, pfn, start + runs[found[i]! + 1]!);
    }
  }

  finish(start: Pfn, end: Pfn): BlockScan {
    this.#addUp();
    const counts = this.#counts;
    const pfns = this.#pfns.map((some) => some ?? NONE);
    return {
      range: { start, end },
      counts: counts.subarray(0, NR_CLASSES),
      pfns: pfns.slice(0, NR_CLASSES),
      nrFree: counts[FREE]!,
      holes: counts[HOLE]!,
      holePfns: pfns[HOLE]!,
      nrUntypedInMovable: this.#nrUntypedInMovable,
      refusals: this.#refusals,
    };
  }

  with(trait: number): number {
    let nr = 0;
    for (let traits = trait; traits < NR_TRAITS; traits++) if ((traits & trait) !== 0) nr += this.#traits[traits]!;
    return nr;
  }

  /** How many runs of pages that look so are noted in a block: until as many pages are named as can be, or all of them. */
  #runsWanted(number: number): number {
    const kind = this.looks.kinds[number]!;
    if (kind === FREE) return 0;
    return kind === ASK_EACH || kind === REFUSED || kind === UNTYPED ? EVERY_RUN : MAX_NAMED_PFNS;
  }

  /** A run that the kernels have found. */
  #note(word: number, start: Pfn, end: Pfn): void {
    const number = this.#numberOf(word, start);
    const kind: PageClass = this.looks.kindAt(number, start);
    if (this.looks.kinds[number] === ASK_EACH) this.#counts[kind] = this.#counts[kind]! + end - start;
    const pfns = (this.#pfns[kind] ??= []);
    for (let pfn = start; pfn < end && pfns.length < MAX_NAMED_PFNS; pfn++) pfns.push(pfn);
    if (kind === REFUSED) noteRefused(this.#refusals, this.looks.outcomeAt(start), start, end);
    else if (kind === UNTYPED && this.service.host.free.migratetype(start) === MIGRATE_MOVABLE)
      this.#nrUntypedInMovable += end - start;
  }

  #numberOf(word: number, pfn: Pfn): number {
    const number = this.looks.numberOf(word, pfn);
    if (number !== null) return number;
    this.#addUp();
    this.#forget();
    return this.looks.numberOf(word, pfn) ?? 0;
  }

  #addUp(): void {
    const { tallies } = this.#chunk.columns;
    const { kinds, traits, nr } = this.looks;
    for (let number = 0; number < nr; number++) {
      const [kind, trait, pages] = [kinds[number]!, traits[number]!, tallies[number]!];
      if (kind !== ASK_EACH) this.#counts[kind] = this.#counts[kind]! + pages;
      this.#traits[trait] = this.#traits[trait]! + pages;
      tallies[number] = 0;
    }
  }

  #forget(): void {
    const { tallies, looks } = this.#chunk.columns;
    this.looks.forget();
    tallies.fill(0);
    clearTable(looks, [0, 0]);
  }
}

/** The first are named, the others counted. */
function noteRefused(refusals: RefusalTally, outcome: Outcome, start: Pfn, end: Pfn): void {
  const named = Math.min(start + MAX_NAMED_PFNS, end);
  for (let pfn = start; pfn < named; pfn++) refusals.add(outcome, pfn);
  if (named < end) refusals.add(outcome, named, end - named);
}
