import { z } from 'zod';
import type { DoneJob } from '../../container/do-job.js';

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const block = count;
const formable = z.strictObject({ places: count, stuck: count, free: count });
const reason = z.strictObject({
  reason: z.string(),
  kind: z.enum(['retry', 'permanent']),
  pages: count,
  blocks: count,
});
const need = z.strictObject({
  askedBytes: count,
  bytes: count,
  enough: z.boolean(),
  because: z.string(),
  blocks: z.array(block),
  bytesToMove: count,
});
const host = z.strictObject({
  host: z.string(),
  where: z.string(),
  kernel: z.string().nullable(),
  bytes: count,
  bytesFree: count,
  blockBytes: count,
  blocksOnline: count,
  blocksWillGo: count,
  blocksWillNotGo: count,
  blocksCannotKnow: count,
  bytesWillGo: count,
  oneWayDoors: z.array(block),
  hugePages2M: formable,
  hugePages1G: formable,
  need: need.nullable(),
  reasons: z.array(reason),
  caveats: z.array(z.string()),
});
const failed = z.strictObject({ host: z.string(), where: z.string(), because: z.string() });
const done = z.strictObject({ id: z.string(), row: z.union([host, failed]) });

/**
 * Rows of a journal, each job once. A run may have been stopped in the middle of a line: what follows the last line that can be
 * read is as if it had never been written.
 */
export function parseHosts(text: string): { rows: DoneJob[]; text: string } {
  const rows = new Map<string, DoneJob>();
  let whole = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', whole)) {
    const row = parseHost(text.slice(whole, end));
    if (row === null) break;
    if (!rows.has(row.id)) rows.set(row.id, row);
    whole = end + 1;
  }
  return { rows: [...rows.values()], text: text.slice(0, whole) };
}

/** One row, as a journal's line and as workers elsewhere have it; null for what is none. */
export function parseHost(line: string): DoneJob | null {
  try {
    const value: unknown = JSON.parse(line);
    done.parse(value);
    // As it was written: a schema would put its own order into it.
    return value as DoneJob;
  } catch {
    return null;
  }
}
