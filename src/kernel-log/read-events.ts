import { PAGE_SIZE } from '../mm/units.js';
import { type DumpedPage, ISOLATION_FAILED, MIGRATION_FAILURE } from './dumped-page.js';
import type { LogRecord } from './log-record.js';
import { DumpReader } from './read-dump.js';

/** The kernel names a page that did not go. */
export interface PageEvent {
  readonly kind: 'page';
  readonly seconds: number | null;
  readonly pfn: number;
  /** 'unmovable page', 'migration failure', 'isolation failed', or what else dump_page was called for; null if cut. */
  readonly because: string | null;
  /** What migrate_pages returned: pages that did not go, or -12 (ENOMEM); null if no migration was tried. */
  readonly ret: number | null;
  /** Null if the log was cut between the page's number and its dump. */
  readonly page: DumpedPage | null;
}

/** Addresses as pfns, `end` exclusive. */
export type KernelEvent =
  | PageEvent
  /** offline_pages came to its end. */
  | { readonly kind: 'offlined'; readonly seconds: number | null; readonly pages: number }
  /** offline_pages gave up; hidden unless dynamic debug shows it. */
  | {
      readonly kind: 'offline-failed';
      readonly seconds: number | null;
      readonly start: number;
      readonly end: number;
      readonly because: string;
    }
  /** So many messages were left out since the last one of this function (ratelimit). */
  | { readonly kind: 'suppressed'; readonly seconds: number | null; readonly by: string; readonly messages: number };

const FAILED_PFN =
  /^(?:migrating pfn ([0-9a-f]{1,13}) failed ret:(-?\d{1,10})|failed to isolate pfn ([0-9a-f]{1,13}))$/;
const OFFLINED = /Offlined Pages (\d{1,15})$/;
const OFFLINE_FAILED = /memory offlining \[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\] failed due to (.{1,80})$/;
const SUPPRESSED = /^(?:\w{1,40}: )?(\w{1,80}): (\d{1,10}) callbacks suppressed$/;
/** More callers than this do not dump pages at a time; a log that says so is not a kernel's. */
const SPEAKERS_MAX = 64;

/** Whoever has begun to name a page and may not have ended. */
interface Speaker {
  named: { readonly pfn: number; readonly ret: number | null; readonly because: string } | null;
  dump: DumpReader | null;
  seconds: number | null;
}

/**
 * What a log says of attempts to take memory offline, in its order. Lines of others are passed over, dumps that were cut
 * give what they have, and tasks that speak at the same time are kept apart where the log says who speaks.
 */
export function readKernelEvents(records: readonly LogRecord[]): KernelEvent[] {
  const events: KernelEvent[] = [];
  const speakers = new Map<string, Speaker>();
  for (const record of records) {
    const speaker = speakerOf(speakers, record.caller ?? '');
    const plain = plainEvent(record);
    if (plain !== null) {
      end(speaker, events);
      events.push(plain);
    } else hear(speaker, record, events);
  }
  for (const speaker of speakers.values()) end(speaker, events);
  return events;
}

function speakerOf(speakers: Map<string, Speaker>, caller: string): Speaker {
  const found = speakers.get(caller) ?? speakers.get('');
  if (speakers.has(caller) || (speakers.size >= SPEAKERS_MAX && found !== undefined)) return found as Speaker;
  const speaker: Speaker = { named: null, dump: null, seconds: null };
  speakers.set(speakers.size >= SPEAKERS_MAX ? '' : caller, speaker);
  return speaker;
}

function hear(speaker: Speaker, { text, seconds }: LogRecord, events: KernelEvent[]): void {
  const failed = FAILED_PFN.exec(text);
  if (failed !== null) {
    end(speaker, events);
    const [, migrating, ret, isolating] = failed;
    speaker.named =
      migrating === undefined
        ? { pfn: Number.parseInt(isolating as string, 16), ret: null, because: ISOLATION_FAILED }
        : { pfn: Number.parseInt(migrating, 16), ret: Number(ret), because: MIGRATION_FAILURE };
    speaker.seconds = seconds;
    return;
  }
  const begun = DumpReader.begin(text);
  if (begun === null) {
    speaker.dump?.add(text);
    return;
  }
  // The dump that follows "migrating pfn" is of that page; any other is somebody else's.
  if (speaker.dump !== null || !isOf(begun.page, speaker.named?.pfn)) end(speaker, events);
  speaker.dump = begun;
  speaker.seconds ??= seconds;
}

function isOf(page: DumpedPage, pfn: number | undefined): boolean {
  return pfn === undefined || page.pfn === null || page.pfn === pfn;
}

/** Whatever was begun is as whole as it gets. */
function end(speaker: Speaker, events: KernelEvent[]): void {
  const { named, dump, seconds } = speaker;
  const page = dump?.page ?? null;
  const pfn = page?.pfn ?? named?.pfn ?? null;
  if (pfn !== null) {
    const because = page?.because ?? named?.because ?? null;
    events.push({ kind: 'page', seconds, pfn, because, ret: named?.ret ?? null, page });
  }
  Object.assign(speaker, { named: null, dump: null, seconds: null });
}

function plainEvent({ text, seconds }: LogRecord): KernelEvent | null {
  const suppressed = SUPPRESSED.exec(text);
  if (suppressed !== null)
    return { kind: 'suppressed', seconds, by: suppressed[1] as string, messages: Number(suppressed[2]) };
  const offlined = OFFLINED.exec(text);
  if (offlined !== null) return { kind: 'offlined', seconds, pages: Number(offlined[1]) };
  const failed = OFFLINE_FAILED.exec(text);
  if (failed === null) return null;
  const start = Number.parseInt(failed[1] as string, 16) / PAGE_SIZE;
  const last = Number.parseInt(failed[2] as string, 16);
  return { kind: 'offline-failed', seconds, start, end: (last + 1) / PAGE_SIZE, because: (failed[3] as string).trim() };
}
