import CliTable3 from 'cli-table3';
import type { Palette } from './palette.js';

export type Align = 'left' | 'right';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** A table without lines: columns by two spaces, a dim head, each line indented by two. An empty head is left out. */
export function table(
  palette: Palette,
  columns: ReadonlyArray<readonly [title: string, align: Align]>,
  rows: ReadonlyArray<readonly string[]>,
): string {
  const titles = columns.map(([title]) => title);
  const made = new CliTable3({
    chars: NO_LINES,
    colAligns: columns.map(([, align]) => align),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  if (titles.some((title) => title !== '')) made.push(titles.map((title) => palette.dim(title)));
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}
