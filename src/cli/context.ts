import { Interrupts } from './interrupts.js';
import { createPalette, type Palette, wantsColour } from './palette.js';
import { Progress } from './progress.js';

/** What every command works with: where it prints, in which colours, and how it learns that it should stop. */
export interface Context {
  readonly palette: Palette;
  readonly progress: Progress;
  readonly interrupts: Interrupts;
  /** True if somebody watches standard output, so that things may move there. */
  readonly isWatched: boolean;
  /** Lines of the terminal; 0 if there is none. */
  readonly rows: number;
  /** Data, to standard output. */
  print(text: string): void;
  /** What is said about the data, to standard error. */
  note(text: string): void;
}

export function createContext(argv: readonly string[]): Context {
  const { stdout, stderr, env } = process;
  const progress = new Progress(stderr);
  const note = (text: string) => {
    progress.stop();
    for (const line of text.split('\n')) stderr.write(`vacate: ${line}\n`);
  };
  return {
    palette: createPalette(wantsColour(stdout, argv, env)),
    progress,
    interrupts: new Interrupts(note),
    isWatched: stdout.isTTY === true && env.TERM !== 'dumb',
    rows: stdout.rows ?? 0,
    print: (text) => {
      progress.stop();
      stdout.write(`${text}\n`);
    },
    note,
  };
}

export function printJson(context: Context, value: unknown): void {
  context.print(JSON.stringify(value, null, 2));
}
