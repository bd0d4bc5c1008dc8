import type { Cell } from './cell.js';

/** What a journal of finished cells holds, a cell a line. */
export interface Journal {
  readonly cells: readonly Cell[];
  /** The lines that are whole: what the file must be cut back to before anything is appended. */
  readonly text: string;
}

export function journalLine(cell: Cell): string {
  return `${JSON.stringify(cell)}\n`;
}

/**
 * Reads a journal. A run may have been stopped in the middle of a line: what follows the last line that can be read is
 * as if it had never been written.
 */
export function parseJournal(text: string): Journal {
  const cells: Cell[] = [];
  let whole = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', whole)) {
    const cell = parsed(text.slice(whole, end));
    if (cell === null) break;
    cells.push(cell);
    whole = end + 1;
  }
  return { cells, text: text.slice(0, whole) };
}

function parsed(line: string): Cell | null {
  try {
    const cell: Partial<Cell> | null = JSON.parse(line);
    return typeof cell?.machine === 'string' && typeof cell.ended === 'string' ? (cell as Cell) : null;
  } catch {
    return null;
  }
}
