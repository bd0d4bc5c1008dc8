/** What stands for a character of ours on a terminal that shows ASCII alone; each is as wide as what it stands for. */
const SPELLED: Readonly<Record<string, string>> = {
  // Density of a map's cells, and of bars.
  '░': ':',
  '▒': 'o',
  '▓': 'O',
  '█': '#',
  '·': '.',
  '│': '|',
  // Kinds of pages; letters are those of kinds that have one anyway.
  '◦': 'c',
  '○': 'c',
  '◎': 'C',
  '●': 'C',
  '≡': 'E',
  '≣': 'E',
  '┆': '!',
  '┼': 'm',
  '╪': 'm',
  '╬': 'M',
  '⋄': 'v',
  '◇': 'v',
  '◈': 'V',
  '◆': 'V',
  '▖': '+',
  '▄': '+',
  '▙': '+',
  '■': '+',
  // Marks, and signs of writing.
  '✓': '+',
  '✗': 'x',
  '◐': '/',
  '↻': '~',
  '…': '~',
  '±': '~',
  '–': '-',
  '’': "'",
  '×': 'x',
  µ: 'u',
  Σ: 'S',
};

/** The text in ASCII, as wide as it was; what has no likeness becomes "?". */
export function asAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (character) => SPELLED[character] ?? '?');
}

/**
 * True if the user wants no Unicode: by --ascii, or by a locale that has none. That is C or POSIX, or one that names another
 * character set than UTF-8 ("de_DE.ISO-8859-1"); no locale at all says nothing.
 */
export function wantsAscii(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  if (argv.includes('--ascii')) return true;
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '') ?? '';
  const charset = /\.([^@]+)/.exec(locale)?.[1];
  return charset === undefined ? ['C', 'POSIX'].includes(locale) : !/^utf-?8$/i.test(charset);
}
