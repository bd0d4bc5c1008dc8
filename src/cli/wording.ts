import { formatPfn, PAGE_SIZE, type Pfn } from '../mm/units.js';

/** 131072 -> "131,072". */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** "1 page", "9,658 pages". */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** 0.873 -> "87%"; nothing but all of it is 100%, and nothing but none of it 0%. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0%';
  if (part >= whole) return '100%';
  const percent = Math.round((100 * part) / whole);
  return percent === 0 ? '<1%' : `${Math.min(99, percent)}%`;
}

/** Nanoseconds of the machine's own time. */
export function formatNs(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${trim(ns / 1e3)} µs`;
  if (ns < 1e9) return `${trim(ns / 1e6)} ms`;
  return `${trim(ns / 1e9)} s`;
}

function trim(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** "0x10057f 0x100580 … and 9,170 more"; `all` counts those that are not named too. */
export function formatPfns(pfns: readonly Pfn[], all: number, most: number): string {
  const named = pfns.slice(0, most).map((pfn) => formatPfn(pfn).replace('pfn:', ''));
  const rest = all - named.length;
  return `${named.join(' ')}${rest > 0 ? ` … ${formatCount(rest)} more` : ''}`;
}

/** A physical address, as /proc/iomem has it. */
export function formatAddress(pfn: Pfn): string {
  return `0x${(pfn * PAGE_SIZE).toString(16)}`;
}

/** Breaks a text at spaces into pieces of at most `width`; pieces after the first begin a line, behind `indent`. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
