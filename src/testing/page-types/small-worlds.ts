import { MIGRATE_ASYNC } from '../../mm/migrate-mode.js';
import type { Pfn } from '../../mm/units.js';
import { check, checkSame } from '../conformance.js';
import { CORE_CAUSES, type CoreCause } from './core-causes.js';
import { sameFrame, takeFrame } from './frame.js';
import { isFree } from './page-record.js';
import {
  called,
  checkWhole,
  type FixturePage,
  migrate,
  nrTogether,
  type Open,
  type PageTypeCase,
  type World,
} from './world.js';

/** Pages of a world; of a fixture with fewer, all. */
const PAGES = 4;

/** What can keep a page of a world: each page is kept by one of these, or by nothing. */
const KEPT_BY: readonly (CoreCause | null)[] = [
  null,
  ...['locked', 'pinned', 'isolated'].map((id) => CORE_CAUSES.find((cause) => cause.id === id)!),
];

/** Worlds so small that all of them can be tried. */
export function smallWorldRules(open: Open): PageTypeCase[] {
  return [
    {
      name: 'in every world of four pages exactly those move that nothing keeps',
      rule: 'all-small-worlds',
      run: () => everyWorld(open),
    },
  ];
}

/**
 * Each four neighbours of the fixture's list of pages, each page of them kept by each of the causes or by none: 256 worlds
 * of four pages, which go in one list. One machine has all worlds of four pages in turn, wherever they stand by then.
 */
function everyWorld(open: Open): void {
  const nrPages = open().pages.length;
  const nrGroups = nrPages > PAGES ? nrPages : 1;
  for (let first = 0; first < nrGroups; first++) {
    const world = open();
    const group = Array.from({ length: Math.min(PAGES, nrPages) }, (_, i) => world.pages[(first + i) % nrPages]!);
    let pfns = group.map(({ pfn }) => pfn);
    for (let number = 0; number < KEPT_BY.length ** group.length; number++) pfns = oneWorld(world, group, pfns, number);
    checkWhole(world);
  }
}

/** A world by its number, in base 4 a digit for each page; returns where the pages stand afterwards. */
function oneWorld(world: World, group: readonly FixturePage[], pfns: readonly Pfn[], number: number): Pfn[] {
  const { machine, handler, host } = world;
  const pages = group.map(({ state }, i) => ({ state, pfn: pfns[i]! }));
  const causes = pages.map(({ pfn }, i) => {
    const cause = KEPT_BY[Math.floor(number / KEPT_BY.length ** i) % KEPT_BY.length]!;
    return cause?.befall(world, pfn) === true ? cause : null;
  });
  const goes = pages.map(({ pfn }, i) => causes[i] === null && handler.refuses(pfn) === 0);
  const frames = pages.map(({ pfn }) => takeFrame(machine, pfn));
  const nrGoing = pages.reduce((sum, { pfn }, i) => sum + (goes[i] ? nrTogether(machine, pfn) : 0), 0);
  const report = migrate(world, pfns, MIGRATE_ASYNC);
  const where = inWords(pages, causes);
  checkSame(report.migrated, nrGoing, `where ${where}, the number of pages that went`);
  const after = pages.map((page, i) => {
    const at = report.sources.indexOf(page.pfn);
    check(goes[i] === at >= 0, `where ${where}, ${called(page)} ${at >= 0 ? 'went' : 'stayed'}`);
    const pfn = at >= 0 ? report.targets[at]! : page.pfn;
    const lost = sameFrame(machine, frames[i]!, pfn);
    check(lost === null, `where ${where}, ${called(page)} ${at >= 0 ? 'went' : 'stayed'}, but ${lost}`);
    return pfn;
  });
  for (const [i, { pfn }] of pages.entries())
    check(!goes[i] || after.includes(pfn) || isFree(machine, pfn), `where ${where}, ${called(pages[i]!)} is not free`);
  for (const [i, cause] of causes.entries()) cause?.relieve(world, pages[i]!.pfn);
  host.drain();
  return after;
}

function inWords(pages: readonly FixturePage[], causes: readonly (CoreCause | null)[]): string {
  const kept = pages.flatMap(({ state }, i) => (causes[i] ? [`the page that is ${state} is ${causes[i].id}`] : []));
  return kept.length === 0 ? 'nothing keeps any page' : kept.join(' and ');
}
