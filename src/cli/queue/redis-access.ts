import { readFileSync } from 'node:fs';
import { codeOf } from '../../base/errno.js';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { RedisAccess } from '../../queue/connection.js';
import { parseRedisUrl } from '../../queue/redis-url.js';
import type { RedisChoice } from './queue-options.js';

/** No password is longer, and a file that is none may be endless. */
const FILE_BYTES_MAX = 2 ** 16;

/**
 * What the command line, the environment and files say of a Redis. A password of a file comes before that of the environment,
 * and that before the address's own.
 *
 * @throws VacateError kind 'usage'.
 */
export function redisAccess({
  redis,
  redisPasswordFile,
  redisCa,
}: RedisChoice & { readonly redis: string }): RedisAccess {
  const address = parseRedisUrl(redis);
  const password =
    redisPasswordFile === undefined
      ? (process.env.VACATE_REDIS_PASSWORD ?? address.password)
      : textOf('--redis-password-file', redisPasswordFile).replace(/\r?\n$/, '');
  if (redisCa !== undefined && !address.isEncrypted)
    throw new VacateError('usage', '--redis-ca is for rediss:// addresses; write that, or leave it out');
  return { address: { ...address, password }, authority: redisCa === undefined ? null : textOf('--redis-ca', redisCa) };
}

/** @throws VacateError kind 'usage' for options of a Redis without one. */
export function checkNoRedis({ redisPasswordFile, redisCa }: RedisChoice): void {
  const given = redisPasswordFile !== undefined ? '--redis-password-file' : redisCa !== undefined ? '--redis-ca' : null;
  if (given !== null)
    throw new VacateError('usage', `${given} says how to get to a Redis, but not to which; add --redis`);
}

function textOf(option: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new VacateError(
      'usage',
      `${option} cannot read ${quoted(path)} (${codeOf(cause)}); check its name and its permissions`,
      { cause },
    );
  }
  if (text.length > 0 && text.length <= FILE_BYTES_MAX) return text;
  throw new VacateError('usage', `${option} names ${quoted(path)}, which is empty or too large; name the right file`);
}
