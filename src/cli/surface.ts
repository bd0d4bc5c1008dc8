/** Takes the line away, and all that stands below the cursor. */
const CLEAR_BELOW = '\r\u001b[J';
const CLEAR_LINE = '\u001b[2K';
const UP = (lines: number) => (lines === 0 ? '' : `\u001b[${lines}A`);

/**
 * The place on a terminal where something is drawn again and again. The cursor waits at its first line: a terminal that is
 * made narrower breaks lines anew, and how many there are then nobody can tell, but all of them are below the cursor.
 */
export class Surface {
  #isDrawn = false;

  /** `inLetters` spells what a terminal without Unicode cannot show. */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly inLetters: (text: string) => string,
  ) {
    if (stream.isTTY !== true) return;
    stream.on('resize', () => this.clear());
    // However we end, the shell's prompt gets a clean line.
    process.on('exit', () => this.clear());
  }

  /** Draws in the place of what was drawn before; there must be as many lines on the terminal, and no line may be longer. */
  draw(lines: readonly string[]): void {
    const text = lines.map((line) => CLEAR_LINE + this.inLetters(line)).join('\r\n');
    this.stream.write(`\r${text}\u001b[J${UP(lines.length - 1)}\r`);
    this.#isDrawn = true;
  }

  /** Takes it away; the place is free again. */
  clear(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    this.stream.write(CLEAR_BELOW);
  }
}
