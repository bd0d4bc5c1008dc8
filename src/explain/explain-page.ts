import type { DumpedPage, PageEvent } from '../kernel-log/index.js';
import type { PageOwner } from '../mm/page-owners.js';
import type { ExplainedPage, PageGroup } from './attempt.js';
import { holderOf, judgePage } from './judge-page.js';
import { type Knowledge, USUAL_BLOCK_PAGES } from './knowledge.js';
import { typeOfPage } from './page-type.js';
import { referencesOf, sumOf } from './references.js';
import { VERDICTS, type VerdictId } from './verdicts.js';

const NAMED_PFNS_MAX = 16;

/**
 * The pages that a log names, each once, by the most that it says of it; in the order in which they are first named. `zones`
 * are those of the block that was to go, null if not known.
 */
export function explainPages(
  events: readonly PageEvent[],
  knowledge: Knowledge,
  zones: readonly string[] | null,
): ExplainedPage[] {
  const byPfn = new Map<number, PageEvent[]>();
  for (const event of events) {
    const named = byPfn.get(event.pfn);
    if (named === undefined) byPfn.set(event.pfn, [event]);
    else named.push(event);
  }
  return [...byPfn.values()].map((named) => explainPage(named, knowledge, zones));
}

function explainPage(
  named: readonly PageEvent[],
  knowledge: Knowledge,
  zones: readonly string[] | null,
): ExplainedPage {
  // The last whole dump tells what still kept it when the attempt ended.
  const event = named.findLast(({ page }) => page?.because != null) ?? named.findLast(({ page }) => page !== null);
  const { pfn, because, ret, page } = event ?? (named.at(-1) as PageEvent);
  const type = typeOfPage(page, knowledge.flagsOf?.(pfn) ?? null);
  const references = page === null ? null : referencesOf(page, type, because);
  const expected = references === null ? null : sumOf(references);
  const unexplained = page === null || expected === null ? null : page.refcount - expected;
  const suspect = { page, type, because, ret, unexplained };
  const verdict = judgePage(suspect);
  const owner = ownerOf(pfn, page, knowledge);
  const seconds = named.flatMap((each) => (each.seconds === null ? [] : [each.seconds]));
  return {
    pfn,
    block: Math.floor(pfn / (knowledge.blockPages ?? USUAL_BLOCK_PAGES)),
    type,
    flags: flagsText(page),
    because,
    nrPages: 2 ** (page?.head?.order ?? 0),
    refcount: page?.refcount ?? null,
    mapcount: page === null ? null : (page.head?.mapcount ?? page.mapcount),
    references,
    expected,
    unexplained,
    verdict,
    likelyHolder: holderOf(verdict, suspect) + placeOf(verdict, zones) + suspicionOf(verdict, owner, knowledge),
    waitingHelps: VERDICTS[verdict].waitingHelps,
    file: page?.mapping ?? null,
    owner,
    times: named.length,
    firstSeconds: seconds[0] ?? null,
    lastSeconds: seconds.at(-1) ?? null,
  };
}

/** What a pin in zone Movable cannot be, unless something is wrong (check_and_migrate_movable_pages, mm/gup.c). */
function placeOf(verdict: VerdictId, zones: readonly string[] | null): string {
  if (verdict !== 'dma-pin' || zones?.length !== 1 || zones[0] !== 'Movable') return '';
  return (
    '; its block is in zone Movable, and since Linux 5.13 pages leave that before they are pinned for long: so it is I/O in ' +
    'flight, or a driver that leaves out FOLL_LONGTERM'
  );
}

/** References that no mapping shows: whoever maps the page and has the means is the first to be asked. */
const HELD_FROM_OUTSIDE: readonly VerdictId[] = ['short-term-pin', 'dma-pin', 'file-reference'];

function suspicionOf(verdict: VerdictId, owner: PageOwner | null, { waysToPin }: Knowledge): string {
  if (owner?.pid == null || !HELD_FROM_OUTSIDE.includes(verdict)) return '';
  const ways = waysToPin?.(owner.pid) ?? [];
  return ways.length === 0 ? '' : `; process ${owner.pid}, which maps it, has open: ${ways.join(', ')}`;
}

function flagsText(page: DumpedPage | null): string | null {
  // Every dump has its flags before the reason or the words: without all of them it was cut.
  if (page === null || (page.flags.length === 0 && page.words.length === 0 && page.because === null)) return null;
  return page.flags.length === 0 ? '-' : page.flags.join('|');
}

/** Who maps it, as a capture or the host tells; else who allocated it, where the kernel keeps that (page_owner=on). */
function ownerOf(pfn: number, page: DumpedPage | null, knowledge: Knowledge): PageOwner | null {
  const mapper = knowledge.owners?.ownersOf(pfn)[0];
  if (mapper !== undefined) return mapper;
  const allocation = page?.allocation ?? null;
  if (allocation === null) return null;
  const { pid, command, stack } = allocation;
  return { pid, command, mapping: stack.length === 0 ? null : `allocated in ${stack.join(' < ')}`, cgroup: null };
}

/** Pages with the same verdict on the same grounds, the largest group first. */
export function groupPages(pages: readonly ExplainedPage[]): PageGroup[] {
  const groups = new Map<string, ExplainedPage[]>();
  for (const page of pages) {
    const key = [page.verdict, page.type, page.refcount, page.expected, page.likelyHolder].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [page]);
    else group.push(page);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length).map(groupOf);
}

function groupOf(pages: readonly ExplainedPage[]): PageGroup {
  const { verdict, type, likelyHolder, waitingHelps, refcount, expected, unexplained } = pages[0] as ExplainedPage;
  return {
    verdict,
    type,
    likelyHolder,
    waitingHelps,
    advice: VERDICTS[verdict].advice,
    pages: pages.length,
    pfns: pages.slice(0, NAMED_PFNS_MAX).map(({ pfn }) => pfn),
    refcount,
    expected,
    unexplained,
  };
}
