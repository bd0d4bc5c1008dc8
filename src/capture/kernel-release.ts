import type { CaptureSource } from './capture-source.js';

/** Counters by which a kernel tells its age, newest first: the release that they came with, and a field of vmstat. */
const MARKS = [
  { since: '6.11', field: 'nr_memmap_pages' },
  { since: '6.5', field: 'nr_unaccepted' },
  { since: '6.1', field: 'nr_sec_page_table_pages' },
] as const;

/** "6.12.117+deb13-cloud-amd64". */
const RELEASE = /^\d{1,4}\.\d{1,4}[\w.+~-]{0,64}$/;

/**
 * Release of the captured kernel: as `kernel` in the directory says, or beside it (of one boot several captures are
 * taken), or the one whose counters vmstat has; null if nothing tells.
 */
export function kernelRelease(files: CaptureSource): string | null {
  const named = files.textBeside('kernel')?.trim();
  if (named !== undefined && RELEASE.test(named)) return named;
  const fields = new Set(
    files
      .text('vmstat')
      ?.split('\n')
      .map((line) => line.split(' ')[0]),
  );
  return MARKS.find(({ field }) => fields.has(field))?.since ?? null;
}

/** True from `major.minor` on. */
export function isSince(release: string | null, major: number, minor: number): boolean {
  const [theirMajor = 0, theirMinor = 0] = (release ?? '').split('.').map((part) => Number.parseInt(part, 10));
  return theirMajor > major || (theirMajor === major && theirMinor >= minor);
}
