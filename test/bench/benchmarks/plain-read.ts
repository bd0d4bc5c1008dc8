import { join } from 'node:path';
import { writeBigCapture } from '../big-capture.js';
import type { Context, Entrant } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';

/** What a plain read of a capture's flags has found. */
export const DECODED = 'flags of all pages';

/** How the baseline is called. */
export const PLAIN_READ = 'C -O2, plain read';

/** A capture of a made-up machine, files as /proc has them; gives its directory. */
export function captureIn({ folder, gib }: Context): string {
  const directory = join(folder, 'capture');
  writeBigCapture({ gib, directory });
  return directory;
}

/**
 * The baseline of all that begins with a capture: its flags read and decoded, and nothing done with them. With fresh
 * memory, as a program has that reads a file once; and with memory that it had already.
 */
export function plainReadInC({ nrPages }: Context, directory: string, memory: 'fresh' | 'touched'): Promise<Entrant> {
  return cProgram({
    name: memory === 'fresh' ? PLAIN_READ : `${PLAIN_READ}, touched`,
    source: 'read-kpageflags.c',
    optimise: '-O2',
    args: [memory, join(directory, 'kpageflags'), nrPages],
    nrUnits: nrPages,
    result: DECODED,
  });
}
