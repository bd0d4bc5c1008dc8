import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { Pfn } from '../../mm/units.js';
import { kindOfByte } from '../../picture/page-bytes.js';
import { PAGE_KINDS } from '../../picture/page-kinds.js';
import { CHUNK_HEADER, CHUNK_PAGES } from '../../recording/chunk.js';
import { readPatch } from '../../recording/patch.js';
import { RunFileReader } from '../../server/run-file.js';
import { countOf } from '../wording.js';

/**
 * Two runs can be compared page by page only if their machines held the same in the beginning, which their headers cannot
 * tell. Of a recording whose beginning is not all written yet, what there is is compared.
 *
 * @throws VacateError kind 'usage' if pages differ, with how many and the first of them; kind 'recording' for files that
 *   are damaged.
 */
export function checkSamePages(first: string, second: string, nrPfns: number): void {
  const pages = new Uint8Array(nrPfns);
  // Of a page that was not read, nothing differs.
  const isKnown = new Uint8Array(nrPfns);
  for (const { start, bytes } of beginning(first, nrPfns)) {
    pages.set(bytes, start);
    isKnown.fill(1, start, start + bytes.length);
  }
  let nrDiffering = 0;
  let at: { readonly pfn: Pfn; readonly here: number; readonly there: number } | null = null;
  for (const { start, bytes } of beginning(second, nrPfns))
    for (let page = 0; page < bytes.length; page++) {
      const pfn = start + page;
      if (pages[pfn] === bytes[page] || isKnown[pfn] === 0) continue;
      nrDiffering++;
      at ??= { pfn, here: pages[pfn]!, there: bytes[page]! };
    }
  if (at === null) return;
  throw new VacateError(
    'usage',
    `these runs did not begin alike: ${countOf(nrDiffering, 'page')} of ${quoted(second)} held something else, first pfn ` +
      `${at.pfn} (${wordsFor(at.here, at.there)}); name two runs from one beginning, such as compare --record writes`,
  );
}

function wordsFor(here: number, there: number): string {
  const [first, second] = [here, there].map((byte) => PAGE_KINDS[kindOfByte(byte)]?.label ?? 'unknown');
  return first === second ? `${first} in both, in different states` : `${first} in the first, ${second} in the second`;
}

/** The pages as they were before anything happened, piece by piece. */
function* beginning(path: string, nrPfns: number): Generator<{ readonly start: Pfn; readonly bytes: Uint8Array }> {
  const reader = new RunFileReader(path);
  try {
    for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) {
      if (chunk.kind === CHUNK_PAGES) yield* readPatch(chunk.payload, nrPfns);
      else if (chunk.kind !== CHUNK_HEADER) return;
    }
  } finally {
    reader.close();
  }
}
