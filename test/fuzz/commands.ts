import { Writable } from 'node:stream';
import type { Context } from '../../src/cli/context.js';
import { Interrupts } from '../../src/cli/interrupts.js';
import { createPalette } from '../../src/cli/palette.js';
import { Progress } from '../../src/cli/progress.js';
import { Surface } from '../../src/cli/surface.js';

/** What commands print goes to nobody; there is no terminal. */
const nowhere = new Writable({ write: (_piece, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;

/** A context whose command can be asked afterwards what it printed, data and remarks. */
export function listening(): Context & { readonly printed: string } {
  const lines: string[] = [];
  return {
    palette: createPalette(false),
    progress: new Progress(nowhere),
    interrupts: new Interrupts(),
    surface: new Surface(nowhere, (text) => text),
    isWatched: false,
    rows: 0,
    columns: 80,
    print: (text) => void lines.push(text),
    note: (text) => void lines.push(text),
    get printed() {
      return lines.join('\n');
    },
  };
}
