const UP = (lines: number) => `\u001b[${lines}A`;
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Lines on standard error that are drawn again in the same place; nothing at all unless that is a terminal. */
export class LiveBlock {
  #nrLines = 0;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  draw(lines: readonly string[]): void {
    if (this.stream.isTTY !== true || process.env.TERM === 'dumb' || this.stream.rows < lines.length + 1) return;
    this.stream.write(this.#back() + lines.map((line) => `${line}${CLEAR_LINE}\n`).join('') + CLEAR_BELOW);
    this.#nrLines = lines.length;
  }

  /** Takes the lines away. */
  clear(): void {
    if (this.#nrLines > 0) this.stream.write(this.#back() + CLEAR_BELOW);
    this.#nrLines = 0;
  }

  #back(): string {
    return this.#nrLines === 0 ? '' : UP(this.#nrLines);
  }
}
