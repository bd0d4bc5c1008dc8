import { z } from 'zod';
import { type Redis } from './connection.js';
import { WORKERS_KEY } from './names.js';

/** A worker, as it says of itself. */
export interface Announcement {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Jobs that it does at a time. */
  readonly jobs: number;
}

/** A worker of which nothing was heard for so long counts as gone. */
const ANNOUNCED_MS = 15_000;
export const ANNOUNCE_EVERY_MS = 4000;
/** More of them are not asked for. */
const WORKERS_MAX = 10_000;

const announcement = z.strictObject({
  version: z.string().regex(/^[\w.+-]{1,64}$/),
  host: z.string().max(255),
  pid: z.number().int().positive(),
  jobs: z.number().int().min(1).max(4096),
});

/** The clock is that of Redis: those of the machines may differ. */
const ANNOUNCE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1`;

const WORKERS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf', 'LIMIT', 0, ARGV[1])`;

/** Says that a worker is there; to be said again and again. */
export async function announce(redis: Redis, worker: Announcement): Promise<void> {
  await redis.eval(ANNOUNCE, 1, WORKERS_KEY, JSON.stringify(worker), ANNOUNCED_MS);
}

export async function withdraw(redis: Redis, worker: Announcement): Promise<void> {
  await redis.zrem(WORKERS_KEY, JSON.stringify(worker));
}

/** Who works now. */
export async function workersThere(redis: Redis): Promise<Announcement[]> {
  const members = (await redis.eval(WORKERS, 1, WORKERS_KEY, WORKERS_MAX)) as string[];
  return members.flatMap((text) => parseAnnouncement(text) ?? []);
}

/** Null for what no worker of ours has said. */
export function parseAnnouncement(text: string): Announcement | null {
  try {
    return announcement.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
