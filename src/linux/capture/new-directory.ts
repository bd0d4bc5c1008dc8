import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf } from '../../base/errno.js';
import { VacateError } from '../../base/vacate-error.js';

const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'no space is left there: free some, or name a directory on another file system'],
  ['EDQUOT', 'your quota is used up: free some space, or name a directory on another file system'],
  ['EROFS', 'that file system is read-only: name a directory on another'],
  ['ENOENT', 'the directory above it is not there: make it first'],
  ['ENOTDIR', 'what is named above it is no directory'],
  ['EACCES', 'you may not write there: name another directory'],
]);

/**
 * A directory that is there whole or not at all: it grows beside its place under another name, and gets its own when it
 * is done.
 */
export class NewDirectory {
  private constructor(
    readonly target: string,
    /** Where its files are written meanwhile. */
    readonly path: string,
  ) {}

  /**
   * Begins one. What is at its place may be an empty directory, or with `replaces` one with nothing but what that says
   * yes to: then it is replaced in the end.
   *
   * @throws VacateError kind 'usage' if something else is there; kind 'host' if nothing can be written.
   */
  static async create(target: string, replaces: ((name: string) => boolean) | null): Promise<NewDirectory> {
    await checkPlace(target, replaces);
    const place = resolve(target);
    try {
      return new NewDirectory(target, await mkdtemp(join(dirname(place), `.${basename(place)}-`)));
    } catch (cause) {
      throw cannotWrite(target, cause);
    }
  }

  /** Gives what was written. @throws VacateError kind 'host' if it cannot be. */
  async write(name: string, text: string): Promise<{ name: string; bytes: number }> {
    try {
      await writeFile(join(this.path, name), text, { flag: 'wx', mode: 0o600 });
      return { name, bytes: Buffer.byteLength(text) };
    } catch (cause) {
      throw cannotWrite(this.target, cause);
    }
  }

  /** Puts it in its place. @throws VacateError kind 'host' if that fails; then what was there is there again. */
  async finish(): Promise<void> {
    const place = resolve(this.target);
    const aside = `${this.path}.old`;
    try {
      const isThere = await rename(place, aside).then(
        () => true,
        (cause: unknown) => {
          if (codeOf(cause) === 'ENOENT') return false;
          throw cause;
        },
      );
      await rename(this.path, place).catch(async (cause: unknown) => {
        if (isThere) await rename(aside, place);
        throw cause;
      });
    } catch (cause) {
      throw cannotWrite(this.target, cause);
    }
    await rm(aside, { recursive: true, force: true });
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

async function checkPlace(target: string, replaces: ((name: string) => boolean) | null): Promise<void> {
  let names: string[];
  try {
    names = await readdir(target);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return;
    if (code === 'ENOTDIR') throw new VacateError('usage', `--out ${target} is not a directory; name a new one`);
    throw new VacateError('usage', `--out ${target} cannot be read (${code}); name a new directory`, { cause });
  }
  if (names.length === 0) return;
  if (replaces === null) {
    throw new VacateError('usage', `--out ${target} is not empty; name a new directory, or add --force to replace it`);
  }
  const strange = names.find((name) => !replaces(name));
  if (strange === undefined) return;
  throw new VacateError(
    'usage',
    `--out ${target} holds ${JSON.stringify(strange)}, which is no file of a capture, so that --force does not replace ` +
      'it; name a new directory',
  );
}

/** What a failed write means to whoever asked for it. */
export function cannotWrite(target: string, cause: unknown): VacateError {
  if (VacateError.is(cause)) return cause;
  const code = codeOf(cause);
  const remedy = REMEDIES.get(code) ?? 'name another directory';
  return new VacateError('host', `${target} cannot be written (${code}): ${remedy}. Nothing was left behind.`, {
    cause,
  });
}
