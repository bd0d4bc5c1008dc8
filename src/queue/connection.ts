import type { Redis } from 'ioredis';
import { codeOf } from '../base/errno.js';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { type RedisAddress, shownAddress } from './redis-url.js';

export type { Redis } from 'ioredis';

/** How one gets to a Redis. */
export interface RedisAccess {
  readonly address: RedisAddress;
  /** PEM of whom to trust with TLS, beside those that Node trusts; null for nobody. */
  readonly authority: string | null;
}

const CONNECT_MS_MAX = 5000;
const RETRY_MS = { first: 50, most: 1000 } as const;
/** So much of what Redis says is passed on. */
const WHY_MAX = 200;
/** The queue needs streams, and scripts that ask for the time. */
const REDIS_MAJOR_MIN = 6;

/**
 * Makes sure that there is a Redis that can be used.
 *
 * @throws VacateError kind 'host' if it does not answer, 'usage' if it does not let us in or is too old.
 */
export async function checkRedis(access: RedisAccess): Promise<void> {
  const redis = await create(access, () => null);
  let said: unknown = null;
  redis.on('error', (error) => {
    said ??= error;
  });
  try {
    await redis.connect();
    const major = Number(/redis_version:(\d+)/.exec(await redis.info('server'))?.[1] ?? REDIS_MAJOR_MIN);
    if (major < REDIS_MAJOR_MIN)
      throw new VacateError(
        'usage',
        `the Redis at ${shownAddress(access.address)} is too old; it must be 6.2 or later`,
      );
  } catch (error) {
    if (VacateError.is(error)) throw error;
    throw refusalOf(access, said ?? error);
  } finally {
    redis.disconnect();
  }
}

/**
 * A connection that comes back by itself whenever it is lost; what was asked meanwhile is asked then. `onLost` is told why,
 * once each time, and `onBack` when it is there again.
 */
export async function connect(
  access: RedisAccess,
  watch: { readonly onLost?: (because: string) => unknown; readonly onBack?: () => unknown } = {},
): Promise<Redis> {
  const redis = await create(access, (times) => Math.min(RETRY_MS.first * 2 ** Math.min(times, 10), RETRY_MS.most));
  let isLost = false;
  let because = 'the connection ended';
  redis.on('error', (error) => {
    because = whatIsSaid(error);
  });
  redis.on('close', () => {
    if (isLost) return;
    isLost = true;
    watch.onLost?.(because);
  });
  redis.on('ready', () => {
    if (isLost) watch.onBack?.();
    isLost = false;
  });
  return redis;
}

/** `retryAfter` says after how many milliseconds it is tried again, the how-manieth time; null for never. */
async function create(
  { address, authority }: RedisAccess,
  retryAfter: (times: number) => number | null,
): Promise<Redis> {
  const { Redis: Client } = await load('ioredis', () => import('ioredis'));
  const { host, port, database, username, password, isEncrypted } = address;
  return new Client({
    ...{ host, port, db: database, lazyConnect: true, keepAlive: 10_000, protocol: 2 },
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(isEncrypted && { tls: authority === null ? {} : { ca: authority } }),
    // Whatever is asked waits for the connection, however long.
    maxRetriesPerRequest: null,
    ...{ disableClientInfo: true, connectTimeout: CONNECT_MS_MAX, retryStrategy: retryAfter },
  });
}

/** @throws VacateError kind 'usage' if an optional package is not there. */
export async function load<Module>(name: string, loads: () => Promise<Module>): Promise<Module> {
  try {
    return await loads();
  } catch (cause) {
    throw new VacateError(
      'usage',
      `${name}, which work over Redis needs, is not installed here: npm install bullmq ioredis prom-client`,
      { cause },
    );
  }
}

/** Without a word that could be a password: Redis never repeats one. */
function whatIsSaid(error: unknown): string {
  const text = codeOf(error) === String(error) && error instanceof Error ? error.message : codeOf(error);
  return printable(text.slice(0, WHY_MAX));
}

function refusalOf({ address }: RedisAccess, error: unknown): VacateError {
  const where = shownAddress(address);
  const message = error instanceof Error ? error.message : String(error);
  if (/WRONGPASS|NOAUTH|invalid password|AUTH/.test(message))
    return new VacateError(
      'usage',
      `the Redis at ${where} does not take this password; give the right one in VACATE_REDIS_PASSWORD or by --redis-password-file`,
    );
  if (/NOPERM/.test(message))
    return new VacateError('usage', `the Redis at ${where} does not let this user work; it says: ${whatIsSaid(error)}`);
  if (/CERT|certificate|SSL|TLS/i.test(`${codeOf(error)} ${message}`))
    return new VacateError(
      'usage',
      `the Redis at ${where} cannot be trusted (${whatIsSaid(error)}); name who has signed its certificate by --redis-ca`,
    );
  return new VacateError(
    'host',
    `no Redis answers at ${where} (${whatIsSaid(error)}); start it, or check the address and whether it wants TLS`,
    { cause: error },
  );
}
