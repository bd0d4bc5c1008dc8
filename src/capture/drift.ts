import type { CaptureSource } from './capture-source.js';
import { countPages, formatCount } from './wording.js';

/** Less than this part of memory changing hands while pages were read changes no answer. */
const SHARE_TOLD = 0.01;

/**
 * Says how far apart a capture's pages are, if it matters: `vacate capture` writes counters from before and after into
 * `consistency`. Captures made by others lack it, and then nothing is known.
 */
export function tellDrift(files: CaptureSource, nrPresent: number, caveats: string[]): void {
  const drift = parse(files.text('consistency') ?? '');
  if (drift === null || Math.max(drift.allocated, drift.freed) < nrPresent * SHARE_TOLD) return;
  caveats.push(
    `Pages were read over ${drift.seconds.toFixed(1)} s, in which ${countPages(drift.allocated)} were handed out and ` +
      `${formatCount(drift.freed)} freed: so many may since be something else than it says, or be counted twice.`,
  );
}

interface Drift {
  readonly seconds: number;
  readonly allocated: number;
  readonly freed: number;
}

/** Null for what is not such a file: it explains the rest, and nothing depends on it. */
function parse(text: string): Drift | null {
  try {
    const { seconds, before, after } = JSON.parse(text) as Record<string, Record<string, unknown>>;
    const since = (counter: string) => Number(after?.[counter]) - Number(before?.[counter]);
    const drift = { seconds: Number(seconds), allocated: since('pgalloc'), freed: since('pgfree') };
    return Object.values(drift).every((value) => Number.isFinite(value) && value >= 0) ? drift : null;
  } catch {
    return null;
  }
}
