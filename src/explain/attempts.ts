import type { KernelEvent, PageEvent } from '../kernel-log/index.js';
import { UNMOVABLE_PAGE } from '../kernel-log/index.js';
import type { BlockId } from '../mm/units.js';

/** The function whose messages are limited: what it left out, it says when it speaks again. */
const LIMITED = 'do_migrate_range';
/** An attempt that goes on names pages every five seconds; after a longer silence another one has begun. */
const SILENCE_SECONDS_MAX = 30;

/** What the log says of one attempt. */
export interface AttemptLog {
  /** The block that its pages lie in; null if it names none. */
  readonly block: BlockId | null;
  readonly pages: PageEvent[];
  /** "failure to isolate range", where the kernel says so; null if not. */
  failedBecause: string | null;
  isOffline: boolean;
  suppressed: number;
}

export function emptyLog(block: BlockId | null): AttemptLog {
  return { block, pages: [], failedBecause: null, isOffline: false, suppressed: 0 };
}

/**
 * Events by attempt, in their order. The kernel does not say where one begins, but takes one block at a time: another
 * block, an end that it names, a page that refuses at sight and a long silence each end one.
 */
export function splitIntoAttempts(events: readonly KernelEvent[], blockPages: number): AttemptLog[] {
  const attempts: AttemptLog[] = [];
  let open: AttemptLog | null = null;
  for (const event of events) {
    const block = blockOf(event, blockPages);
    if (open === null || hasEnded(open, event, block)) {
      // What was left out before a page is named was left out of the attempt before, or of another task's.
      if (event.kind === 'suppressed') countSuppressed(open ?? attempts.at(-1), event);
      if (event.kind === 'suppressed') continue;
      // "Offlined Pages" without a page named before is an attempt about which there is nothing to explain.
      open = emptyLog(block);
      if (event.kind !== 'offlined') attempts.push(open);
    }
    take(open, event);
    if (event.kind === 'offlined' || event.kind === 'offline-failed') open = null;
  }
  return attempts;
}

/** The events of the one attempt that they are known to be of; pages of other blocks are others' affair. */
export function onlyAttempt(events: readonly KernelEvent[], block: BlockId | null, blockPages: number): AttemptLog {
  const pages = events.filter((event) => event.kind === 'page');
  const own = block ?? (pages.length === 0 ? null : Math.floor(pages[0]!.pfn / blockPages));
  const log = emptyLog(own);
  for (const event of events) {
    const its = blockOf(event, blockPages);
    if (its === null || its === own) take(log, event);
  }
  return log;
}

function blockOf(event: KernelEvent, blockPages: number): BlockId | null {
  if (event.kind === 'page') return Math.floor(event.pfn / blockPages);
  return event.kind === 'offline-failed' ? Math.floor(event.start / blockPages) : null;
}

function hasEnded(open: AttemptLog, event: KernelEvent, block: BlockId | null): boolean {
  if (block !== null && block !== open.block) return true;
  const last = open.pages.at(-1);
  if (last === undefined || event.kind !== 'page') return false;
  if (last.because === UNMOVABLE_PAGE) return true;
  return last.seconds !== null && event.seconds !== null && event.seconds - last.seconds > SILENCE_SECONDS_MAX;
}

function take(log: AttemptLog, event: KernelEvent): void {
  switch (event.kind) {
    case 'page':
      log.pages.push(event);
      break;
    case 'offlined':
      log.isOffline = true;
      break;
    case 'offline-failed':
      log.failedBecause = event.because;
      break;
    case 'suppressed':
      if (log.pages.length > 0) countSuppressed(log, event);
      break;
  }
}

function countSuppressed(log: AttemptLog | undefined, event: KernelEvent & { kind: 'suppressed' }): void {
  if (log !== undefined && event.by === LIMITED) log.suppressed += event.messages;
}
