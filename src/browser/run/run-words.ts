import type { RunProgress } from '../picture/messages.js';
import { count, formatMs } from './words.js';

/** Where a run is, in a few words. */
export function describeRunState(progress: RunProgress | null): string {
  if (progress === null) return 'waiting';
  const moved = count(progress.pagesMigrated, 'page');
  const refused = progress.refusals.reduce((sum, { pages }) => sum + pages, 0);
  const parts = [`${moved} moved`, ...(refused === 0 ? [] : [`${refused.toLocaleString('en')} refused`])];
  if (progress.end !== null && progress.moment === progress.length) parts.unshift(progress.end.outcome);
  return `${parts.join(', ')}, ${formatMs(progress.ms)}`;
}

/** How many page events have passed. */
export function describeEvent(progress: RunProgress | null): string {
  if (progress === null) return '';
  return `page event ${progress.event.toLocaleString('en')} of ${progress.nrEvents.toLocaleString('en')}`;
}
