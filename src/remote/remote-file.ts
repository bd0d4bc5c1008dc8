import type { IncomingMessage } from 'node:http';
import { answerTo, type Patience, unusable } from './http-answer.js';
import { Attempts, Passing, refusalOf, withAttempts } from './passing.js';

/** What a server says of a file, by which one knows whether it is still the same. Null for what it does not say. */
export interface Validators {
  readonly etag: string | null;
  readonly modified: string | null;
  readonly nrBytes: number | null;
}

/** A file on a server, as it was when it was looked at. */
export interface RemoteFile extends Validators {
  readonly url: string;
}

/** So much is asked for at a time: what a broken connection costs, and what other readers of the server wait for. */
export const PART_BYTES = 8 * 2 ** 20;
/** A connection that brought so much was worth it, however it ended. */
const PROGRESS_BYTES = 64 * 2 ** 10;
const MISSING = new Set([404, 410]);
const OK = 200;
const PARTIAL = 206;
const NOT_SATISFIABLE = 416;
/** Servers that know GET alone. */
const NO_HEAD = new Set([405, 501]);

/**
 * What a server says of a file; null if it has none there.
 *
 * @throws VacateError kind 'capture', whose message goes on after the address.
 */
export function lookAt(url: string, patience: Patience): Promise<RemoteFile | null> {
  return withAttempts(patience, async () => {
    const first = await answerTo(url, { method: 'HEAD' }, patience);
    // The end of an answer to HEAD gives its connection back.
    first.resume();
    const isHead = !NO_HEAD.has(first.statusCode ?? 0);
    const answer = isHead ? first : await answerTo(url, { method: 'GET' }, patience);
    const { statusCode = 0 } = answer;
    if (statusCode !== OK && !MISSING.has(statusCode)) throw refusalOf(answer);
    // A body that nobody wants is not waited for.
    if (!isHead) answer.destroy();
    if (MISSING.has(statusCode)) return null;
    const said = validatorsOf(answer);
    if (Object.values(said).some((value) => value !== null)) return { url, ...said };
    throw unusable('cannot be told from another: its server says neither ETag, nor Last-Modified, nor Content-Length');
  });
}

/**
 * The bytes of a file, part by part, from where the last attempt came to.
 *
 * @throws VacateError kind 'capture', whose message goes on after the address; also if it is no longer that file.
 */
export async function* bytesOf(file: RemoteFile, patience: Patience): AsyncGenerator<Uint8Array> {
  const attempts = new Attempts(patience);
  let at = 0;
  while (file.nrBytes === null || at < file.nrBytes) {
    const before = at;
    try {
      for await (const piece of part(file, at, patience)) {
        at += piece.length;
        if (at > (file.nrBytes ?? Number.POSITIVE_INFINITY)) throw changed();
        yield piece;
      }
      if (file.nrBytes === null) return;
      if (at === before) throw new Passing('its server sends nothing of it');
      attempts.succeed();
    } catch (error) {
      if (at - before >= PROGRESS_BYTES) attempts.succeed();
      await attempts.failed(error);
    }
  }
}

async function* part(file: RemoteFile, at: number, patience: Patience): AsyncGenerator<Uint8Array> {
  const { url, etag, modified, nrBytes } = file;
  // Without a length there is no telling where a file ends but by its last byte.
  const range = nrBytes === null ? null : `bytes=${at}-${Math.min(at + PART_BYTES, nrBytes) - 1}`;
  // A weak one, W/"…", may stand for other bytes.
  const unless = etag?.startsWith('"') === true ? etag : modified;
  const headers = range === null ? {} : { Range: range, ...(unless !== null && { 'If-Range': unless }) };
  const answer = await answerTo(url, { method: 'GET', headers }, patience);
  const { statusCode = 0 } = answer;
  if (statusCode === NOT_SATISFIABLE || MISSING.has(statusCode)) {
    answer.destroy();
    throw changed();
  }
  if (statusCode !== OK && statusCode !== PARTIAL) throw refusalOf(answer);
  const found = statusCode === PARTIAL ? parseContentRange(answer.headers['content-range'] ?? '') : null;
  // A server that knows no ranges gives all from the beginning, each time.
  const start = statusCode === PARTIAL ? found?.start : 0;
  try {
    checkSame(file, {
      ...validatorsOf(answer),
      nrBytes: statusCode === PARTIAL ? (found?.nrBytes ?? null) : lengthOf(answer),
    });
    checkPlain(url, answer);
    if (start === undefined || (statusCode === PARTIAL && start !== at))
      throw unusable('cannot be read: its server answers with another part than was asked for');
    yield* after(answer, at - start);
  } finally {
    answer.destroy();
  }
}

/** All but the first bytes. */
async function* after(answer: IncomingMessage, nrLess: number): AsyncGenerator<Uint8Array> {
  let less = nrLess;
  for await (const piece of answer as AsyncIterable<Uint8Array>) {
    if (piece.length > less) yield less === 0 ? piece : piece.subarray(less);
    less = Math.max(0, less - piece.length);
  }
}

/** "bytes 0-99/4096": where it begins, and how long the whole file is (null for `*`); null for what is nothing like it. */
export function parseContentRange(text: string): { readonly start: number; readonly nrBytes: number | null } | null {
  const [, start, end, all] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text) ?? [];
  if (start === undefined || Number(end) < Number(start)) return null;
  return { start: Number(start), nrBytes: all === '*' ? null : Number(all) };
}

function validatorsOf({ headers }: IncomingMessage): Validators {
  const { etag = null, 'last-modified': modified = null } = headers;
  return { etag, modified, nrBytes: lengthOf({ headers }) };
}

function lengthOf({ headers }: Pick<IncomingMessage, 'headers'>): number | null {
  const text = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** What a server says no more is no other file; what it says differently is. */
function checkSame(file: Validators, now: Validators): void {
  for (const name of ['etag', 'modified', 'nrBytes'] as const)
    if (file[name] !== null && now[name] !== null && file[name] !== now[name]) throw changed();
}

/** A server may call a file.gz a packed file: its bytes are the same. */
function checkPlain(url: string, { headers }: IncomingMessage): void {
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding === 'identity' || (/^(x-)?gzip$/.test(coding) && url.endsWith('.gz'))) return;
  throw unusable(
    'cannot be read: its server packs it on the way, without being asked; have it serve files as they are',
  );
}

function changed() {
  return unusable('is not what it was a moment ago: somebody has changed it; run again');
}
