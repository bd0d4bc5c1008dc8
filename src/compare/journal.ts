import { type Cell, idOf } from './cell.js';
import { cellFrom } from './read-cell.js';

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
 * as if it had never been written. So is what follows a cell that has been there before, as no run writes one twice.
 */
export function parseJournal(text: string): Journal {
  const cells: Cell[] = [];
  const seen = new Set<string>();
  let whole = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', whole)) {
    const cell = parsed(text.slice(whole, end));
    if (cell === null || seen.has(idOf(cell))) break;
    seen.add(idOf(cell));
    cells.push(cell);
    whole = end + 1;
  }
  return { cells, text: text.slice(0, whole) };
}

function parsed(line: string): Cell | null {
  try {
    return cellFrom(JSON.parse(line));
  } catch {
    return null;
  }
}
