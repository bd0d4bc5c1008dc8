import { createHash } from 'node:crypto';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { checkLength } from '../capture/capture-files.js';
import type { StreamedSource } from '../capture/capture-source.js';
import type { PageFileReader } from '../capture/page-file-reader.js';
import { inflatePieces, PieceFeed, tooLong, WORD_BYTES } from '../capture/page-stream.js';
import { MAX_PFN } from '../mm/units.js';
import { atOnce } from './at-once.js';
import { PATIENCE, type Patience } from './http-answer.js';
import { bytesOf, lookAt, type RemoteFile } from './remote-file.js';
import { wholeOf } from './remote-text.js';

/** Texts of a capture that a fleet is asked about by; `kernel` may lie beside it as well. */
const TEXTS = [
  ...['block_size_bytes', 'buddyinfo', 'consistency', 'dimms', 'iomem', 'kernel', 'meminfo', 'memory_blocks'],
  ...['pagetypeinfo', 'settings', 'vmstat', 'zoneinfo'],
] as const;
const PAGE_FILES = ['kpageflags.gz', 'kpagecount.gz'] as const;
const BESIDE = '../kernel';
/** All texts of a host with thousands of memory blocks are a few MiB. */
const TEXT_BYTES_MAX = 64 * 2 ** 20;
/** More of one server's files are not asked for at a time. */
const AT_ONCE = 4;

/** The files of a capture on a server: texts in memory, files with a word for every page piece by piece. */
export class RemoteCapture implements StreamedSource {
  readonly name: string;
  readonly #texts = new Map<string, string>();

  private constructor(
    readonly where: string,
    private readonly files: ReadonlyMap<string, RemoteFile>,
    private readonly patience: Patience,
  ) {
    this.name = printable(where.slice(where.lastIndexOf('/') + 1));
  }

  /**
   * Looks at what lies there, and reads nothing yet. `where` is an address as `parseCaptureUrl` gives it.
   *
   * @throws VacateError kind 'capture' if its server does not answer, or does not let us in.
   */
  static async open(where: string, patience: Patience = PATIENCE): Promise<RemoteCapture> {
    const looks = await atOnce(AT_ONCE, [...TEXTS, ...PAGE_FILES, BESIDE], (name) => look(where, name, patience));
    // Only where there is no compressed one.
    const plain = PAGE_FILES.filter((name) => !looks.some((file) => file?.name === name)).map((name) =>
      name.slice(0, -3),
    );
    looks.push(...(await atOnce(AT_ONCE, plain, (name) => look(where, name, patience))));
    return new RemoteCapture(
      where,
      new Map(looks.flatMap((found) => (found === null ? [] : [[found.name, found.file]]))),
      patience,
    );
  }

  /** A word about its files, as `captureFingerprint` has for a directory: what their server says of each. */
  get fingerprint(): string {
    const hash = createHash('sha256');
    for (const [name, { etag, modified, nrBytes }] of [...this.files].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${name}\0${etag}\0${modified}\0${nrBytes}\0`);
    return hash.digest('hex').slice(0, 32);
  }

  /** Reads its texts, which are asked for without waiting. */
  async readTexts(): Promise<void> {
    await atOnce(AT_ONCE, [...TEXTS, BESIDE], async (name) => {
      const file = this.files.get(name);
      if (file !== undefined) this.#texts.set(name, await this.#wholeText(name, file));
    });
  }

  text(name: string): string | null {
    const isKnown = (TEXTS as readonly string[]).includes(name) || name === BESIDE;
    if (!isKnown) throw new Error(`nobody has asked a server for ${name}`);
    return this.#texts.get(name) ?? null;
  }

  textBeside(name: string): string | null {
    return this.text(name) ?? this.text(`../${name}`);
  }

  words(): never {
    throw new Error('what lies on a server is read piece by piece');
  }

  async stream(reader: PageFileReader): Promise<void> {
    const zipped = this.files.get(`${reader.name}.gz`);
    const name = zipped === undefined ? reader.name : `${reader.name}.gz`;
    const file = zipped ?? this.files.get(reader.name);
    if (file === undefined) return;
    const path = printable(addressOf(this.where, name));
    const bytesMax = (MAX_PFN + 1) * WORD_BYTES;
    const { nrBytes } = file;
    if (nrBytes === null)
      throw said(this.where, name, new VacateError('capture', 'has no length: its server must say one'));
    if (nrBytes > bytesMax) throw tooLong(path, bytesMax);
    const feed = new PieceFeed(reader);
    const pieces = this.#bytes(name, file);
    if (zipped !== undefined) await inflatePieces(path, { nrBytes, pieces }, { feed, bytesMax });
    else {
      reader.begin(Math.ceil(nrBytes / WORD_BYTES));
      for await (const piece of pieces) {
        feed.put(piece);
        reader.onProgress(feed.nrBytes / nrBytes);
      }
    }
    checkLength(path, feed.nrBytes);
  }

  async #wholeText(name: string, file: RemoteFile): Promise<string> {
    try {
      return (await wholeOf(file, TEXT_BYTES_MAX, this.patience)).toString('utf8');
    } catch (error) {
      throw said(this.where, name, error);
    }
  }

  async *#bytes(name: string, file: RemoteFile): AsyncGenerator<Uint8Array> {
    try {
      yield* bytesOf(file, this.patience);
    } catch (error) {
      throw said(this.where, name, error);
    }
  }
}

interface Look {
  readonly name: string;
  readonly file: RemoteFile;
}

async function look(where: string, name: string, patience: Patience): Promise<Look | null> {
  try {
    const file = await lookAt(addressOf(where, name), patience);
    return file === null ? null : { name, file };
  } catch (error) {
    throw said(where, name, error);
  }
}

function addressOf(where: string, name: string): string {
  return new URL(name, `${where}/`).href;
}

function said(where: string, name: string, error: unknown): unknown {
  if (!VacateError.is(error)) return error;
  return new VacateError('capture', `${printable(addressOf(where, name))} ${error.message}.`, { cause: error });
}
