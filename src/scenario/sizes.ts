import { PAGE_SIZE } from '../mm/units.js';

/** How files write sizes; the fraction is for "1.5GiB". */
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?) ?(KiB|MiB|GiB|TiB|pages?)$/;
/** How files write durations of virtual time. */
export const DURATION_PATTERN = /^(?:(\d+(?:\.\d+)?) ?(ns|us|ms|s)|forever)$/;
/** The same without "forever", and never 0. */
export const SPAN_PATTERN = /^(?=[^ ]*[1-9])\d+(?:\.\d+)? ?(ns|us|ms|s)$/;

const PAGES_IN: Readonly<Record<string, number>> = {
  KiB: 1024 / PAGE_SIZE,
  MiB: 1024 ** 2 / PAGE_SIZE,
  GiB: 1024 ** 3 / PAGE_SIZE,
  TiB: 1024 ** 4 / PAGE_SIZE,
  page: 1,
  pages: 1,
};
const NS_IN: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Pages of "512MiB" or "1000 pages": a fraction if it is no whole number of pages, NaN if it is no size. */
export function pagesOf(text: string): number {
  const [, number, unit] = SIZE_PATTERN.exec(text) ?? [];
  return Number(number) * (PAGES_IN[unit ?? ''] ?? Number.NaN);
}

/** Nanoseconds of "5ms", Infinity for "forever", NaN if it is no duration. */
export function nanosecondsOf(text: string): number {
  if (text === 'forever') return Number.POSITIVE_INFINITY;
  const [, number, unit] = DURATION_PATTERN.exec(text) ?? [];
  return Number(number) * (NS_IN[unit ?? ''] ?? Number.NaN);
}

/** Pages as a file would write them: 4096 -> "16MiB", 3 -> "3 pages". */
export function sizeText(pages: number): string {
  const unit = ['GiB', 'MiB'].find((name) => pages % (PAGES_IN[name] as number) === 0);
  if (unit === undefined || pages === 0) return pages === 1 ? '1 page' : `${pages} pages`;
  return `${pages / (PAGES_IN[unit] as number)}${unit}`;
}
