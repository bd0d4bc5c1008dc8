import type { Pfn } from '../../mm/units.js';
import { writeMemoryBytes } from '../../picture/page-bytes.js';
import type { BlocksSnapshot, RecordingHeader } from '../../recording/records.js';
import type { PageAnswer } from '../../server/view-source.js';
import type { KeeperCall, KeeperStart } from '../../workers/keeper-call.js';
import { Interrupts } from '../interrupts.js';
import { type LookedAt, openToLook } from '../open-to-look.js';
import type { Step } from '../progress.js';
import type { PageDesk } from './page-desk.js';
import { blocksOfHost, headerOf } from './picture-records.js';
import { ToldProgress } from './told-progress.js';

/** What is to be looked at. */
export interface LookTask {
  readonly machine: string;
  readonly seed: number | undefined;
  readonly root: string | undefined;
  readonly plugin: readonly string[];
  /** Version of vacate. */
  readonly by: string;
}

export type LookRequest = 'open' | { readonly pfn: Pfn };

/** What is told of a machine while it is opened. */
export type LookNews =
  | { readonly step: Step }
  /** `pages` has a byte for each page, written from the first on. */
  | { readonly header: RecordingHeader; readonly pages: Uint8Array; readonly caveats: readonly string[] }
  /** So many of them are written. */
  | { readonly written: number };

/** Of 'open': what blocks say of themselves. */
export type LookAnswer = BlocksSnapshot | PageAnswer;

/** Pages between two pieces of news. */
const PIECE_PAGES = 2 ** 20;

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

async function openMachine(task: LookTask, tell: (news: LookNews) => void): Promise<LookedAt> {
  const { machine, seed, root, plugin, by } = task;
  // A page type that somebody brings along may tell pages apart that look alike.
  const mapcounts = plugin.length > 0;
  const progress = new ToldProgress((step) => tell({ step }));
  const open = await openToLook(machine, { progress, interrupts: new Interrupts(), seed, root, mapcounts });
  const { flags } = open.host.columns;
  const { nrPfns, zones } = open.host.layout;
  const pages = new Uint8Array(new SharedArrayBuffer(nrPfns));
  tell({ header: headerOf(open, by), pages, caveats: open.caveats });
  for (let start = 0; start < nrPfns; start += PIECE_PAGES) {
    const end = Math.min(nrPfns, start + PIECE_PAGES);
    writeMemoryBytes(flags, zones, start, end, pages, start);
    tell({ written: end });
  }
  return open;
}

/** What answers is loaded when somebody asks: until then the map is waited for. */
async function openDeskLater(open: LookedAt, { plugin }: LookTask): Promise<PageDesk> {
  return (await import('./page-desk.js')).openDesk(open, plugin);
}
