import type { Redis } from './connection.js';
import type { RunKeys } from './names.js';

/** What a client and its workers leave behind goes by itself after so long. */
const KEPT_MS = 24 * 3_600_000;
/** A client of which nothing was heard for so long is gone, and nobody works for it. */
const ALIVE_MS = 120_000;

/**
 * A row counts once, whoever had it first, and only as long as somebody waits for it. Whether somebody does is the answer.
 */
const KEEP_ROW = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then
  redis.call('XADD', KEYS[3], '*', 'id', ARGV[1], 'row', ARGV[2])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return 1`;

/** A row as it comes out of Redis. */
export interface NewRow {
  /** Its place in the stream. */
  readonly at: string;
  /** Of the job. */
  readonly id: string;
  readonly row: string;
}

/** False if nobody waits for it any more. */
export async function keepRow(redis: Redis, { alive, seen, rows }: RunKeys, id: string, row: string): Promise<boolean> {
  return (await redis.eval(KEEP_ROW, 3, alive, seen, rows, id, row, KEPT_MS)) === 1;
}

/** Which of the jobs have no row yet; null if nobody waits for any. */
export async function withoutRows(
  redis: Redis,
  { alive, seen }: RunKeys,
  ids: readonly string[],
): Promise<readonly string[] | null> {
  const [isAlive, have] = await Promise.all([redis.exists(alive), redis.smismember(seen, ...ids)]);
  return isAlive === 0 ? null : ids.filter((_, at) => have[at] !== 1);
}

/** Says that a client waits; to be said again and again. */
export async function stayAlive(redis: Redis, { alive }: RunKeys): Promise<void> {
  await redis.set(alive, '1', 'PX', ALIVE_MS);
}

/** Takes everything away that a run has in Redis, the queue's own apart. */
export async function forget(redis: Redis, { alive, seen, rows }: RunKeys): Promise<void> {
  await redis.del(alive, seen, rows);
}

/** Rows after a place in the stream, oldest first, waiting up to `blockMs` for the first; with null it does not wait. */
export async function rowsAfter(
  redis: Redis,
  { rows }: RunKeys,
  after: string,
  blockMs: number | null,
): Promise<NewRow[]> {
  const found =
    blockMs === null
      ? await redis.xread('COUNT', ROWS_MAX, 'STREAMS', rows, after)
      : await redis.xread('COUNT', ROWS_MAX, 'BLOCK', blockMs, 'STREAMS', rows, after);
  return (found ?? []).flatMap(([, entries]) =>
    entries.map(([at, fields]) => ({ at, id: fieldOf(fields, 'id'), row: fieldOf(fields, 'row') })),
  );
}

/** Rows that the client has need not lie in Redis any longer. */
export async function dropRows(redis: Redis, { rows }: RunKeys, taken: readonly NewRow[]): Promise<void> {
  if (taken.length > 0) await redis.xdel(rows, ...taken.map(({ at }) => at));
}

/** So many rows are read at a time. */
const ROWS_MAX = 256;

function fieldOf(fields: readonly string[], name: string): string {
  return fields[fields.indexOf(name) + 1] ?? '';
}
