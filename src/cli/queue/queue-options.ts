import { Option } from 'commander';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { once, parseWait } from '../options.js';

/** What clients of a queue are told on the command line. */
export interface ClientChoice extends RedisChoice {
  readonly redis?: string;
  readonly priority: number;
  /** Milliseconds. */
  readonly wait: number;
}

/** How one gets to the Redis. */
export interface RedisChoice {
  readonly redis?: string;
  readonly redisPasswordFile?: string;
  readonly redisCa?: string;
}

const PRIORITY_MAX = 100;

/** Which of several runs comes first. */
export function parsePriority(text: string): number {
  const priority = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (priority >= 1 && priority <= PRIORITY_MAX) return priority;
  throw new VacateError(
    'usage',
    `--priority cannot be ${quoted(text)}; write a number from 1 (before all others) to ${PRIORITY_MAX}`,
  );
}

export const redis = () =>
  new Option('--redis <url>', 'the Redis of the workers: redis://host:port/0, rediss:// for TLS').argParser(
    once('--redis'),
  );
export const redisPasswordFile = () =>
  new Option('--redis-password-file <file>', 'its password; or in VACATE_REDIS_PASSWORD').argParser(
    once('--redis-password-file'),
  );
export const redisCa = () =>
  new Option('--redis-ca <file>', 'who signed its certificate, as PEM').argParser(once('--redis-ca'));
export const priority = () =>
  new Option('--priority <number>', 'with --redis: 1 comes before all other runs, 100 after them')
    .argParser(parsePriority)
    .default(50);

export const wait = () =>
  new Option('--wait <time>', 'with --redis: how long it waits for a Redis that has gone, or for workers (60s)')
    .argParser(parseWait)
    .default(60_000, '60s');

export const REDIS_HELP = `
With --redis the work is done by vacate worker, on any number of machines that
see the same files at the same places or addresses; rows and tables are the
same. Keep the password out of the command line: VACATE_REDIS_PASSWORD, or a
file.
`;
