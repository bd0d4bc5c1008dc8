import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { formatPages } from '../../mm/units.js';
import type { RecordedMachine, RecordingHeader } from '../../recording/records.js';

type Run = Pick<RecordingHeader, 'machine' | 'seed'>;

/**
 * Two runs can be compared page by page only if both began on one machine: the same memory, filled in the same way.
 *
 * @throws VacateError kind 'usage' if the headers of two recordings name different ones, with what differs.
 */
export function checkSameMachine(first: Run, second: Run): void {
  const difference = differenceOf(first, second);
  if (difference === null) return;
  throw new VacateError(
    'usage',
    `these runs are not of the same machine: ${difference}; name two runs of one, such as compare --record writes`,
  );
}

function differenceOf({ machine: a, seed }: Run, { machine: b, seed: other }: Run): string | null {
  if (a.name !== b.name) return `the first is of ${quoted(a.name)}, the second of ${quoted(b.name)}`;
  if (a.source !== b.source) return `the first is of a ${WORDS[a.source]}, the second of a ${WORDS[b.source]}`;
  if (a.nrPfns !== b.nrPfns)
    return `the first has page frames for ${formatPages(a.nrPfns)}, the second for ${formatPages(b.nrPfns)}`;
  if (!isAlike(shapeOf(a), shapeOf(b))) return 'their zones, DIMMs or blocks lie elsewhere';
  if (a.kernel !== b.kernel) return `the first runs Linux ${a.kernel}, the second ${b.kernel}`;
  // Of a capture that was recorded without one it is not known.
  if (a.digest !== undefined && b.digest !== undefined && a.digest !== b.digest)
    return 'the captures have one name, and their files differ';
  if (seed !== other) return `the first was made from seed ${seed ?? 'none'}, the second from ${other ?? 'none'}`;
  return null;
}

const WORDS = { scenario: 'scenario', capture: 'capture', live: 'live host' } as const;

function shapeOf({ blockPages, pageblockPages, zones, dimms }: RecordedMachine) {
  return [
    blockPages,
    pageblockPages,
    zones.map(({ node, kind, start, end }) => [node, kind, start, end]),
    dimms.map(({ name, range }) => [name, range.start, range.end]),
  ];
}

function isAlike(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
