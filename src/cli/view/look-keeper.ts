import type { FirstLook } from '../../capture/index.js';
import { PAGEBLOCK_PAGES, type Pfn } from '../../mm/units.js';
import { writeMemoryBytes } from '../../picture/page-bytes.js';
import type { BlocksSnapshot, RecordingHeader } from '../../recording/records.js';
import type { PageAnswer } from '../../server/view-source.js';
import type { KeeperCall, KeeperStart } from '../../workers/keeper-call.js';
import { Interrupts } from '../interrupts.js';
import { type LookedAt, openToLook } from '../open-to-look.js';
import type { Step } from '../progress.js';
import type { PageDesk } from './page-desk.js';
import { blocksOfHost, blocksOfLook, headerOf, headerOfLook } from './picture-records.js';
import { ToldProgress } from './told-progress.js';

/** What is to be looked at. */
export interface LookTask {
  readonly machine: string;
  readonly seed: number | undefined;
  readonly root: string | undefined;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  /** Version of vacate. */
  readonly by: string;
}

export type LookRequest = 'open' | { readonly pfn: Pfn };

/** What is told of a machine while it is opened. */
export type LookNews =
  | { readonly step: Step }
  /** `pages` has a byte for each page, written from the first on. With `blocks` they are what a first look says of them. */
  | { readonly header: RecordingHeader; readonly pages: Uint8Array; readonly blocks: BlocksSnapshot | null }
  /** So many of them are written. */
  | { readonly written: number }
  /** Pageblocks of which a first look did not say what they are; now they are right. */
  | { readonly mended: readonly number[] }
  | { readonly caveats: readonly string[] };

/** Of 'open': what blocks say of themselves. */
export type LookAnswer = BlocksSnapshot | PageAnswer;

/** Pages between two pieces of news. */
const PIECE_PAGES = 2 ** 20;
/** Pages that are compared at a time. */
const CHUNK_PAGES = 2 ** 15;

/**
 * The thread that looks at the machine of `vacate view`: it reads it, says what every page is, and answers questions
 * about single ones. Whatever is not needed for the picture is done when the first question comes.
 */
export default function keepLook({ task }: KeeperStart<LookTask>) {
  let open: LookedAt | null = null;
  let desk: Promise<PageDesk> | null = null;
  return async ({ request, tell }: KeeperCall<LookRequest>): Promise<LookAnswer> => {
    if (request === 'open') {
      open = await openMachine(task, tell);
      return blocksOfHost(open);
    }
    if (open === null) throw new Error('a machine is opened before it is asked about');
    desk ??= openDeskLater(open, task);
    return (await desk)(request.pfn);
  };
}

async function openMachine({ machine, seed, root, plugin, by }: LookTask, tell: Tell): Promise<LookedAt> {
  // A page type that somebody brings along may tell pages apart that look alike.
  const mapcounts = plugin.length > 0;
  const progress = new ToldProgress((step) => tell({ step }));
  let shown: Uint8Array | null = null;
  const onFlags = (look: FirstLook) => {
    shown = showPages(look, { header: headerOfLook(look, by), blocks: blocksOfLook(look) }, tell);
  };
  const open = await openToLook(machine, { progress, interrupts: new Interrupts(), seed, root, mapcounts, onFlags });
  const { columns, layout } = open.host;
  const pages = { flags: columns.flags, ...layout };
  if (shown === null) showPages(pages, { header: headerOf(open, by), blocks: null }, tell);
  else tell({ mended: mendPages(pages, shown) });
  tell({ caveats: open.caveats });
  return open;
}

type Tell = (news: LookNews) => void;
type SeenPages = Pick<FirstLook, 'flags' | 'nrPfns' | 'zones'>;

/** Tells what all pages are, a piece at a time. */
function showPages(
  { flags, nrPfns, zones }: SeenPages,
  about: { readonly header: RecordingHeader; readonly blocks: BlocksSnapshot | null },
  tell: Tell,
): Uint8Array {
  const pages = new Uint8Array(new SharedArrayBuffer(nrPfns));
  tell({ ...about, pages });
  for (let start = 0; start < nrPfns; start += PIECE_PAGES) {
    const end = Math.min(nrPfns, start + PIECE_PAGES);
    writeMemoryBytes(flags, zones, start, end, pages, start);
    tell({ written: end });
  }
  return pages;
}

/** What is shown of pages becomes what they are; gives the pageblocks in which that made a difference. */
function mendPages({ flags, nrPfns, zones }: SeenPages, pages: Uint8Array): number[] {
  const mended: number[] = [];
  const piece = new Uint8Array(CHUNK_PAGES);
  for (let start = 0; start < nrPfns; start += CHUNK_PAGES) {
    const end = Math.min(nrPfns, start + CHUNK_PAGES);
    const now = piece.subarray(0, end - start).fill(0);
    writeMemoryBytes(flags, zones, start, end, now, 0);
    if (Buffer.compare(now, pages.subarray(start, end)) === 0) continue;
    for (let at = start; at < end; at += PAGEBLOCK_PAGES)
      if (
        Buffer.compare(
          now.subarray(at - start, at - start + PAGEBLOCK_PAGES),
          pages.subarray(at, Math.min(end, at + PAGEBLOCK_PAGES)),
        ) !== 0
      )
        mended.push(at / PAGEBLOCK_PAGES);
    pages.set(now, start);
  }
  return mended;
}

/** What answers is loaded when somebody asks: until then the map is waited for. */
async function openDeskLater(open: LookedAt, task: LookTask): Promise<PageDesk> {
  return (await import('./page-desk.js')).openDesk(open, task);
}
