import { asAscii, wantsAscii } from './ascii.js';
import { Interrupts } from './interrupts.js';
import { createPalette, type Palette, wantsColour } from './palette.js';
import { Progress } from './progress.js';
import { Surface } from './surface.js';

/** What every command works with: where it prints, in which colours, and how it learns that it should stop. */
export interface Context {
  readonly palette: Palette;
  readonly progress: Progress;
  readonly interrupts: Interrupts;
  /** Where pictures are drawn that move; whatever is printed takes them away first. */
  readonly surface: Surface;
  /** True if somebody watches standard output, so that things may move there. */
  readonly isWatched: boolean;
  /** Lines of the terminal just now; 0 if there is none. */
  readonly rows: number;
  /** Characters of a line of the terminal just now; 80 if there is none. */
  readonly columns: number;
  /** Data, to standard output; what is for programs goes there as it is, in whichever letters people want to read. */
  print(text: string, isForPrograms?: boolean): void;
  /** What is said about the data, to standard error. */
  note(text: string): void;
}

/** As wide as all text is made for whoever does not say. */
const COLUMNS = 80;

export function createContext(argv: readonly string[]): Context {
  const { stdout, stderr, env } = process;
  const inLetters = wantsAscii(argv, env) ? asAscii : (text: string) => text;
  const progress = new Progress(stderr, inLetters);
  const surface = new Surface(stdout, inLetters);
  const note = (text: string) => {
    progress.stop();
    surface.clear();
    for (const line of inLetters(text).split('\n')) stderr.write(`vacate: ${line}\n`);
  };
  return {
    palette: createPalette(wantsColour(stdout, argv, env)),
    progress,
    interrupts: new Interrupts(note),
    surface,
    isWatched: stdout.isTTY === true && env.TERM !== 'dumb',
    // Asked each time: Node hears of a new size by SIGWINCH.
    get rows() {
      return stdout.rows ?? 0;
    },
    get columns() {
      return stdout.columns || COLUMNS;
    },
    print: (text, isForPrograms = false) => {
      progress.stop();
      surface.clear();
      stdout.write(`${isForPrograms ? text : inLetters(text)}\n`);
    },
    note,
  };
}

export function printJson(context: Context, value: unknown): void {
  context.print(JSON.stringify(value, null, 2), true);
}
