import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listening } from './commands.js';
import { endingOf, type Reader } from './reader.js';

/*
 * Directories of files that are read together: one file is spoilt at a time, and everything is asked of the whole.
 */

/** A question to a directory; a command's answer is what it prints. */
export type Question = (root: string) => unknown;

export interface Place {
  /** Where it lies, with all of its files as they should be. */
  readonly root: string;
  /** By path below it. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** One of them is asked of what chance makes up, all of what is kept. */
  readonly questions: readonly Question[];
  /** True once it was asked everything as it should be: that is enough for all of its files. */
  isKnown?: boolean;
  /** What is asked in any case; if it is refused, so is the input. */
  readonly always: Question;
}

/** What a command prints that is run for a place. */
export function command(run: (context: ReturnType<typeof listening>, root: string) => Promise<number>): Question {
  return async (root) => {
    const context = listening();
    await run(context, root);
    return context.printed;
  };
}

export function put(root: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

/** Every question costs some milliseconds, most of them for building a machine. */
const COST = 40;

/** A reader for one file of a place. The place is made when it is first needed. */
export function fileReader(name: string, place: () => Place, path: string, more: Partial<Reader> = {}): Reader {
  return {
    name,
    about: path,
    seeds: () => [place().files[path] as Buffer],
    cost: COST,
    ...more,
    read: async (input, isThorough = false) => {
      const whole = place();
      const { root, files, questions, always } = whole;
      const isAsItShouldBe = files[path]?.equals(input) === true;
      put(root, path, input);
      try {
        const isAll = isThorough && !(isAsItShouldBe && whole.isKnown === true);
        const asked = isAll ? questions : [questions[input.length % questions.length] as Question];
        whole.isKnown ||= isAsItShouldBe && isAll;
        for (const ask of asked) await endingOf(() => ask(root));
        await always(root);
      } finally {
        const bytes = files[path];
        if (bytes === undefined) rmSync(join(root, path));
        else put(root, path, bytes);
      }
    },
  };
}

/** The same for what is behind gzip: it is spoilt before it is compressed. */
export function zippedReader(name: string, place: () => Place, path: string, more: Partial<Reader> = {}): Reader {
  const reader = fileReader(name, place, path, more);
  return {
    ...reader,
    about: `${path}, before it is compressed`,
    seeds: () => reader.seeds().map((seed) => gunzipSync(seed)),
    read: (input, isThorough) => reader.read(gzipSync(input, { level: 1 }), isThorough),
  };
}
