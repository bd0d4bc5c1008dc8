import { MAX_NAMED_PFNS, RefusalTally } from '../migration/migration-report.js';
import type { MigrationService } from '../migration/migration-service.js';
import { MIGRATE_MOVABLE } from '../mm/migratetype.js';
import { PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { BlockScan } from './block-scan.js';
import { type AlikePages, Looks } from './looks.js';
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
  const looks = new Looks(service, alike, isCaptured);
  const survey = emptySurvey(nrBlocks);
  const scans: BlockScan[] = [];
  let nrDirtyMetadata = 0;
  for (let block = 0; block < nrBlocks; block++) {
    onBlock(block, nrBlocks);
    const scan = new RunTally();
    const [start, end] = [block * blockPages, Math.min((block + 1) * blockPages, nrPfns)];
    for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES)
      tallyRuns(scan, service, looks, pfn, Math.min(pfn + PAGEBLOCK_PAGES, end));
    nrDirtyMetadata += scan.with(IS_DIRTY_METADATA);
    survey.free[block] = scan.with(IS_FREE);
    survey.perCpu[block] = scan.with(IS_PER_CPU);
    survey.used[block] = scan.with(IS_USED);
    survey.cache[block] = scan.with(IS_CACHE);
    survey.swappable[block] = scan.with(IS_SWAPPABLE);
    scans.push(scan.inBlock(start, (block + 1) * blockPages));
  }
  return { survey: { ...survey, nrDirtyMetadata }, scans };
}

/** What stands in a block, as it is found. */
class RunTally {
  /** Pages by kind, and by what they are to the survey. */
  readonly counts = new Uint32Array(NR_KINDS);
  readonly traits = new Uint32Array(NR_TRAITS);
  readonly pfns: Pfn[][] = Array.from({ length: NR_KINDS }, () => []);
  readonly refusals = new RefusalTally();
  nrUntypedInMovable = 0;

  with(trait: number): number {
    return this.traits.reduce((sum, pages, traits) => ((traits & trait) === 0 ? sum : sum + pages), 0);
  }

  inBlock(start: Pfn, end: Pfn): BlockScan {
    const { counts, pfns, refusals, nrUntypedInMovable } = this;
    return {
      range: { start, end },
      counts: counts.subarray(0, NR_CLASSES),
      pfns: pfns.slice(0, NR_CLASSES),
      nrFree: counts[FREE]!,
      holes: counts[HOLE]!,
      holePfns: pfns[HOLE]!,
      nrUntypedInMovable,
      refusals,
    };
  }
}

/** The pages of one pageblock, or of a part of one. */
function tallyRuns(tally: RunTally, service: MigrationService, looks: Looks, start: Pfn, end: Pfn): void {
  const { flags } = service.host.columns;
  const { counts, traits, pfns } = tally;
  for (let pfn = start; pfn < end; ) {
    const word = flags[pfn]!;
    let past = pfn + 1;
    while (past < end && flags[past] === word) past++;
    const slot = looks.slotOf(word, pfn);
    const kind: PageClass = looks.kindAt(slot, pfn);
    const trait = looks.traits[slot]!;
    counts[kind] = counts[kind]! + past - pfn;
    traits[trait] = traits[trait]! + past - pfn;
    if (kind !== FREE && pfns[kind]!.length < MAX_NAMED_PFNS) name(pfns[kind]!, pfn, past);
    if (kind === REFUSED) tallyRefused(tally.refusals, looks, pfn, past);
    else if (kind === UNTYPED && service.host.free.migratetype(pfn) === MIGRATE_MOVABLE)
      tally.nrUntypedInMovable += past - pfn;
    pfn = past;
  }
}

function name(pfns: Pfn[], start: Pfn, end: Pfn): void {
  for (let pfn = start; pfn < end && pfns.length < MAX_NAMED_PFNS; pfn++) pfns.push(pfn);
}

function tallyRefused(refusals: RefusalTally, looks: Looks, start: Pfn, end: Pfn): void {
  const outcome = looks.outcomeAt(start);
  for (let pfn = start; pfn < end; pfn++) refusals.add(outcome, pfn);
}
