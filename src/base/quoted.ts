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
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return `"${shown.replace(/["\\]|[^\P{C}]|[\p{Zl}\p{Zp}]/gu, escaped)}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.codePointAt(0)!;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
