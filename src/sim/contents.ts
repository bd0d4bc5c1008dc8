import { mix32 } from '../base/prng.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { copyPages, copyPagesFast } from '../simd/copy-pages.js';
import { type Machine, SCALAR } from './machine.js';
import { takeFromPool } from './pool.js';

const imul = Math.imul;

/**
 * What pages hold. A write fills the whole page with a pattern that 64 bits determine: `lo` and `hi` stand in the first
 * two words, the rest follow from them. Token machines keep just the two words, and machines of marks just `lo`: there
 * `hi` reads 0. Contents travel only by `copyContents` between frames, and by `store` and `load` to and from devices.
 */
export function fillContents(m: Machine, pfn: Pfn, lo: number, hi: number): void {
  const words = m.contentWords;
  const contents = m.contents;
  const at = pfn * words;
  contents[at] = lo;
  if (words === 1) return;
  contents[at + 1] = hi;
  for (let i = 2; i < words; i++) contents[at + i] = patternWord(lo, hi, i);
}

/** The two words of a page into `out`; false if the page is torn: its words do not belong together. */
export function readContents(m: Machine, pfn: Pfn, out: Uint32Array): boolean {
  return readPattern(m.contents, pfn * m.contentWords, m.contentWords, out);
}

function readPattern(words: Uint32Array, at: number, nrWords: number, out: Uint32Array): boolean {
  const lo = words[at]!;
  const hi = nrWords === 1 ? 0 : words[at + 1]!;
  out[0] = lo;
  out[1] = hi;
  for (let i = 2; i < nrWords; i++) if (words[at + i] !== patternWord(lo, hi, i)) return false;
  return true;
}

/** Word `i` of the page that two words determine; from 2 on. */
export function patternWord(lo: number, hi: number, i: number): number {
  return (imul(lo ^ (i << 16), 0x9e3779b1) ^ imul(hi + i, 0x85ebca77)) >>> 0;
}

/** Copies one page. The batch form below is what migration uses. */
export function copyContents(m: Machine, source: Pfn, target: Pfn): void {
  const words = m.contentWords;
  m.contents.copyWithin(target * words, source * words, (source + 1) * words);
}

/** Copies `nrPages` pages, pairwise; no page is both a source and a target. */
export function copyContentsBatch(m: Machine, sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
  const words = m.contentWords;
  const contents = m.contents;
  if (words <= 2) {
    copyWords(m, sources, targets, 0, nrPages);
    return;
  }
  if (m.contentKernels !== null) copyPagesFast(m.contentKernels, sources, targets, nrPages);
  else copyPages(doublesOf(contents), sources, targets, nrPages);
}

/** The same for pages that are a word or two, of a part of a list. */
export function copyWords(m: Machine, sources: Uint32Array, targets: Uint32Array, from: number, to: number): void {
  const { contents } = m;
  if (m.contentWords === 1) {
    for (let i = from; i < to; i++) contents[targets[i]!] = contents[sources[i]!]!;
    return;
  }
  for (let i = from; i < to; i++) {
    const source = sources[i]! * 2;
    const target = targets[i]! * 2;
    contents[target] = contents[source]!;
    contents[target + 1] = contents[source + 1]!;
  }
}

/** The same bytes in the widest units that there are; their values mean nothing, and copying leaves them as they are. */
function doublesOf(contents: Uint32Array): Float64Array {
  return new Float64Array(contents.buffer, contents.byteOffset, contents.length / 2);
}

/** A free page has no contents: its first word links back to the page before it on its list, as pfn + 1 (0: it is first). */
export function linkBack(m: Machine, pfn: Pfn): number {
  return m.contents[pfn * m.contentWords]!;
}

export function setLinkBack(m: Machine, pfn: Pfn, link: number): void {
  m.contents[pfn * m.contentWords] = link;
}

/** What a freed page is filled with, mm/page_poison.c PAGE_POISON. */
export const POISON = 0xaaaaaaaa;

/** Fills a freed page with junk, so that whoever still reads it is found out. */
export function poisonContents(m: Machine, pfn: Pfn): void {
  const words = m.contentWords;
  const at = pfn * words;
  m.contents[at] = POISON;
  if (words > 1) m.contents[at + 1] = POISON;
}

/** The same for many. */
export function poisonContentsOf(m: Machine, { start, end }: PfnRange): void {
  const words = m.contentWords;
  // Two words and fewer are all that a page has.
  if (words <= 2) m.contents.fill(POISON, start * words, end * words);
  else for (let pfn = start; pfn < end; pfn++) poisonContents(m, pfn);
}

/** A place on disk for one page. */
export function takeStored(m: Machine): number {
  return takeFromPool(m, m.storedNext, SCALAR.storedFree, SCALAR.storedFill, 'pages on disk');
}

export function store(m: Machine, pfn: Pfn, place: number): void {
  const words = m.contentWords;
  for (let i = 0; i < words; i++) m.stored[place * words + i] = m.contents[pfn * words + i]!;
}

export function load(m: Machine, place: number, pfn: Pfn): void {
  const words = m.contentWords;
  for (let i = 0; i < words; i++) m.contents[pfn * words + i] = m.stored[place * words + i]!;
}

/** Reads what a device holds; false if torn. */
export function readStored(m: Machine, place: number, out: Uint32Array): boolean {
  return readPattern(m.stored, place * m.contentWords, m.contentWords, out);
}

/** What a disk holds at a page of a file that nobody has written yet: low word of the pattern. */
export function originalLo(mapping: number, page: number): number {
  return mix32(imul(mapping, 0x01000193) ^ page);
}

/** High word of the same. */
export function originalHi(mapping: number, page: number): number {
  return mix32(originalLo(mapping, page) + 0x7f4a7c15);
}
