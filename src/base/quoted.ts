/** So much of a text that we did not write is shown. */
const SHOWN_MAX = 60;

/** Control characters, marks that turn the direction of writing, what no encoding has, and what ends a line. */
const OBEYED = /[^\P{C}]|[\p{Zl}\p{Zp}]/gu;

/** A text from outside without anything that a terminal would obey: such characters become \u escapes. */
export function printable(text: string): string {
  return text.replace(OBEYED, escaped);
}

/**
 * A text from outside, for a sentence of ours: in quotes, short, on one line, and without anything that a terminal would
 * obey. Control characters, marks that turn the direction of writing, and what no encoding has become \u escapes.
 */
export function quoted(text: string): string {
  let shown = '';
  // Escapes count as they are shown, or a name of control characters would fill the screen.
  for (const character of text.slice(0, SHOWN_MAX + 1)) {
    const piece = character.replace(/["\\]|[^\P{C}]|[\p{Zl}\p{Zp}]/u, escaped);
    if (shown.length + piece.length > SHOWN_MAX) return `"${shown}…"`;
    shown += piece;
  }
  return `"${shown}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.codePointAt(0)!;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
