import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** Where a Redis is, and who asks. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Number of the database, 0 unless the address says another. */
  readonly database: number;
  readonly username: string | null;
  readonly password: string | null;
  /** TLS, for rediss:// */
  readonly isEncrypted: boolean;
}

const PORT_DEFAULT = 6379;
const DATABASE_MAX = 1023;
/** Whoever writes more than this after "redis://" means something else. */
const LENGTH_MAX = 2048;

const HOW = 'write redis://host:port/0, or rediss:// for TLS';

/**
 * Reads redis://user:password@host:port/database. What it complains of it does not repeat: there may be a password in it.
 *
 * @throws VacateError kind 'usage'.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const scheme = /^(rediss?):\/\//.exec(text)?.[1];
  if (scheme === undefined || text.length > LENGTH_MAX)
    throw new VacateError('usage', `--redis is no address of a Redis; ${HOW}`);
  // The scheme is unknown to URL, which would then take any host.
  const url = urlOf(`http${text.slice(scheme.length)}`);
  const database = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1];
  if (database === undefined || Number(database) > DATABASE_MAX || url.search !== '' || url.hash !== '')
    throw new VacateError('usage', `--redis may have the number of a database after its port and nothing more; ${HOW}`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: portOf(url, text),
    database: Number(database),
    username: decoded(url.username),
    password: decoded(url.password),
    isEncrypted: scheme === 'rediss',
  };
}

/** "host:6379": an address as it may be printed. */
export function shownAddress({ host, port }: RedisAddress): string {
  const name = quoted(host).slice(1, -1);
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function urlOf(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The cause would repeat the address.
    throw new VacateError('usage', `--redis is no address of a Redis; ${HOW}`);
  }
}

/** 80 is nothing special for a Redis, but URL leaves it out as what http has anyway. */
function portOf(url: URL, text: string): number {
  const port = url.port === '' ? (/:80\/?\d*$/.test(text) ? 80 : PORT_DEFAULT) : Number(url.port);
  if (port > 0) return port;
  throw new VacateError('usage', `--redis has port 0, at which nothing listens; ${HOW}`);
}

function decoded(text: string): string | null {
  if (text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new VacateError('usage', '--redis has a % in its user or password that stands for nothing; write %25 for it');
  }
}
