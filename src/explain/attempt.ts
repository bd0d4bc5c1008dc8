import type { PageOwner } from '../mm/page-owners.js';
import type { BlockId, Pfn } from '../mm/units.js';
import type { VerdictId } from './verdicts.js';

/** What became of an attempt to take memory offline. */
export type AttemptOutcome =
  | 'offline' // it went
  | 'refused' // the kernel said no
  | 'did-not-end' // the kernel tried until something stopped it
  | 'unknown';

/** Why an attempt ended as it did. The union is closed: scripts rely on it. */
export type AttemptCause =
  | 'unmovable-page' // the range could not be isolated: a page in it never moves
  | 'same-pages-fail' // every pass failed at the same pages
  | 'still-moving' // pages failed, and in later passes fewer of them: it was getting on
  | 'no-targets' // no free page outside the range
  | 'memory-holes' // not all of the block is System RAM
  | 'several-zones' // the block lies in more than one zone or node
  | 'isolation-busy' // somebody else had isolated a part of it
  | 'vetoed' // a driver said no (memory notifier)
  | 'interrupted' // a signal ended it, and nothing says at what it was
  | 'not-online' // there was nothing to take offline
  | 'went' // the block is offline
  | 'unknown';

/** The references that a page's state accounts for. Null where the log does not say. */
export interface References {
  /** Page-table entries. */
  readonly mappings: number | null;
  /** Page cache or swap cache: one for each page of the folio. */
  readonly cache: number | null;
  /** Buffers of a file system. */
  readonly buffers: number;
  /** The one that taking it offline holds itself while it tries; none in a refusal at sight. */
  readonly isolation: number;
  /** Of the part of the kernel that allocated it. */
  readonly kernel: number;
}

/** A page that the kernel named. */
export interface ExplainedPage {
  readonly pfn: Pfn;
  readonly block: BlockId;
  /** What it is, in the ids that `inspect` uses: "anonymous", "file", "slab", …, "unknown". */
  readonly type: string;
  /** Flags by the kernel's names, as it printed them: "uptodate|dirty|swapbacked"; "-" for none, null if cut. */
  readonly flags: string | null;
  /** Why the kernel named it: "unmovable page", "migration failure", "isolation failed". */
  readonly because: string | null;
  /** Pages of the folio, 1 for a page that is not compound. */
  readonly nrPages: number;
  readonly refcount: number | null;
  readonly mapcount: number | null;
  readonly references: References | null;
  /** Sum of `references`; null if one of them is not known. */
  readonly expected: number | null;
  /** refcount beyond `expected`; negative if some were dropped meanwhile. */
  readonly unexplained: number | null;
  readonly verdict: VerdictId;
  /** Who keeps it from going, in a sentence. */
  readonly likelyHolder: string;
  /** Null if nobody but the holder knows. */
  readonly waitingHelps: boolean | null;
  /** The file that it belongs to, as far as the kernel says. */
  readonly file: { readonly aops: string; readonly ino: string | null; readonly name: string | null } | null;
  /** Who has it mapped (one of them), or who allocated it; null if not known. */
  readonly owner: PageOwner | null;
  /** How often the log names it; the kernel names at most ten pages in five seconds. */
  readonly times: number;
  readonly firstSeconds: number | null;
  readonly lastSeconds: number | null;
}

/** Pages that are kept by the same. */
export interface PageGroup {
  readonly verdict: VerdictId;
  readonly type: string;
  readonly likelyHolder: string;
  readonly waitingHelps: boolean | null;
  /** What to do about it. */
  readonly advice: string;
  readonly pages: number;
  /** The first 16. */
  readonly pfns: readonly Pfn[];
  readonly refcount: number | null;
  readonly expected: number | null;
  readonly unexplained: number | null;
}

/**
 * One attempt to take a memory block offline.
 *
 * @example
 * const asked: Asked = { block: 32, errno: 'EBUSY' };
 * const records: LogRecord[] = parseKernelLog(text);
 * const said: AttemptExplanation = explainAttempt(records, asked, { blockPages: 32_768 });
 * const pinned = (page: ExplainedPage) => page.unexplained !== null && page.unexplained > 0;
 * console.log(said.pages.filter(pinned).length, said.groups.map(({ advice }: PageGroup) => advice));
 */
export interface AttemptExplanation {
  /** Empty if nothing says which. */
  readonly blocks: readonly BlockId[];
  /** Pages of these blocks, or of the range that the kernel names. */
  readonly range: { readonly start: Pfn; readonly end: Pfn } | null;
  readonly outcome: AttemptOutcome;
  /** What the write to `state` returned, "EBUSY"; null if not known. */
  readonly errno: string | null;
  readonly because: AttemptCause;
  /** The same as sentences for people. */
  readonly explanation: string;
  readonly waitingHelps: boolean | null;
  /** Pages that did not go in the first pass that the log shows and in the last; null if none was tried. */
  readonly failing: { readonly first: number; readonly last: number } | null;
  readonly pages: readonly ExplainedPage[];
  readonly groups: readonly PageGroup[];
  /** Messages that the kernel left out. */
  readonly suppressed: number;
  /** Seconds since boot of the first and last message. */
  readonly firstSeconds: number | null;
  readonly lastSeconds: number | null;
}
