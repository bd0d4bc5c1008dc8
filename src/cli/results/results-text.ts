import { printable } from '../../base/quoted.js';
import type { Palette } from '../palette.js';
import { table } from '../tables.js';
import { countOf, wrap } from '../wording.js';
import type { Answer, Value, View } from './results-database.js';

/** A value that is longer is cut; --json and --csv have it whole. */
const VALUE_MAX = 40;

export function answerText({ columns, rows }: Answer, palette: Palette, width: number): string {
  if (rows.length === 0) return 'nothing';
  const numeric = columns.map((_, at) => rows.every((row) => row[at] === null || typeof row[at] === 'number'));
  const most = Math.max(8, Math.min(VALUE_MAX, width - 4));
  return table(
    palette,
    columns.map((name, at) => [cut(printable(name), most), numeric[at] === true ? 'right' : 'left'] as const),
    rows.map((row) => row.map((value) => cut(shown(value), most))),
  );
}

/** What can be asked. */
export function viewsText(views: readonly View[], palette: Palette): string {
  return views
    .map(({ name, rows, columns }) => {
      const list = columns.map((column) => `${printable(column.name)} ${palette.dim(column.type.toLowerCase())}`);
      const plain = columns.map((column) => `${printable(column.name)} ${column.type.toLowerCase()}`).join(', ');
      const text = plain.length > 76 ? wrap(plain, 76, '  ') : list.join(', ');
      return `${palette.bold(name)} (${countOf(rows, 'row')})\n  ${text}`;
    })
    .join('\n\n');
}

function shown(value: Value): string {
  if (value === null) return '–';
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return printable(String(value));
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
