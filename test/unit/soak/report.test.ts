import { describe, expect, it } from '@jest/globals';
import { createPalette } from '../../../src/cli/palette.js';
import type { SoakEnd } from '../../../src/cli/soak/soak-run.js';
import { formatClock, formatMany, liveLines, soakText } from '../../../src/cli/soak/soak-text.js';
import { type Counters, countCall, countFault, countJob, createCounters } from '../../../src/soak/counters.js';
import { createRecentMoves, movesOf, rememberMoves } from '../../../src/soak/moves.js';
import { HeapWatch, reportOf } from '../../../src/soak/report.js';
import { fullRoster } from '../../../src/soak/roster.js';

const palette = createPalette(false);
const roster = fullRoster({ offline: ['merged', 'block-by-block:highest-first'], highOrder: ['merged'], reclaim: [] });

/** Counters as two threads and two migrators left them. */
function counted(): Counters {
  const counters = createCounters({ nrThreads: 2, nrMigrators: 2, nrStrategies: roster.length });
  counters.loads.set([1_000_000, 2_000_000]);
  counters.stores.set([500_000, 0]);
  counters.checked.set([1_000_000, 2_100_000]);
  countCall(counters, 1, 'fork');
  countCall(counters, 0, 'fork');
  countCall(counters, 0, 'pin');
  countFault(counters, 0, 'swap-full');
  countFault(counters, 1, 'no-target', 4);
  countFault(counters, 2, 'thread-killed');
  countJob(counters, 0, 0, { outcome: 'done', migrated: 4096, refused: 0, ms: 2.4 });
  countJob(counters, 1, 0, { outcome: 'partial', migrated: 100, refused: 7, ms: 1.2 });
  countJob(counters, 1, 3, { outcome: 'failed', migrated: 5, refused: 0, ms: 1 });
  countJob(counters, 0, 1, { outcome: 'aborted', migrated: 1, refused: 0, ms: 1 });
  return counters;
}

describe('the report of a soak', () => {
  it('adds up what threads have counted, each for itself', () => {
    const report = reportOf(counted(), roster);
    expect(report).toMatchObject({
      pagesMigrated: 4202,
      accesses: 3_500_000,
      wordsRead: 3_100_000,
      jobs: { done: 1, partial: 1, refused: 0, aborted: 1, failed: 1 },
    });
    expect(report.calls).toMatchObject({ fork: 2, pin: 1, spawn: 0 });
    expect(report.faults).toMatchObject({ 'swap-full': 1, 'no-target': 4, 'thread-killed': 1, 'still-mapped': 0 });
    expect(report.strategies[0]).toEqual({
      frontEnd: 'offline',
      strategy: 'merged',
      jobs: 2,
      done: 1,
      partial: 1,
      refused: 0,
      aborted: 0,
      failed: 0,
      pagesMigrated: 4196,
      pagesRefused: 7,
      busyMs: 4,
    });
  });

  const end = (): SoakEnd => ({
    report: { ...reportOf(counted(), roster), quietPoints: 3, quietWords: 1e6 },
    seconds: 60,
    cpuSeconds: 118,
    ended: 'time',
    wrong: null,
    lastWrong: null,
    moves: [],
    broken: [],
    heap: { fromSeconds: 30, fromBytes: 50 * 2 ** 20, toBytes: 51 * 2 ** 20 },
  });

  it('is a text of at most 80 columns that says what was done and that nothing was wrong', () => {
    const text = soakText('soak', end(), palette);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('✓ Nothing was wrong: 4,202 pages migrated in 1:00 on soak, 70 a second.');
    expect(text).toMatch(/^ {2}block-by-block:highest-first +0 +0 +0 +1 +1$/m);
    expect(text).toContain('no word was wrong, lost or stale');
    expect(text).toContain('heap of all threads: 50 MiB after 30 s, 51 MiB at the end (2.0%)');
  });

  it('says which word was wrong, where, and what has moved through its frame', () => {
    const wrong = { whose: 'shared memory', mm: 0, page: 5, word: 1, expected: 0x12, found: 0xaaaaaaaa, frame: 0x99 };
    const moves = [{ migrator: 0, job: 17, source: 0x77, target: 0x99 }];
    const text = soakText('soak', { ...end(), ended: 'wrong', wrong, moves }, palette);
    expect(text).toContain('✗ Something was wrong after 4,202 pages migrated');
    expect(text.replaceAll('\n  ', ' ')).toContain(
      'Word 1 of page 0x5, shared memory: expected 0x00000012, found 0xaaaaaaaa. It stood in pfn:0x99. All of memory reads right now: the read was stale.',
    );
    expect(text).toContain('job 17 of migrator 0 moved pfn:0x77 to pfn:0x99');
    expect(text).toContain('a word was wrong, lost or stale');
  });

  it('is drawn again every second, with rates of that second', () => {
    const report = reportOf(counted(), roster);
    const now = { report, seconds: 10, secondsLeft: 50, heapBytes: 2 ** 25 };
    const before = { ...now, seconds: 9, report: { ...report, pagesMigrated: 202, accesses: 500_000 } };
    const lines = liveLines(now, before, palette);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toContain('0:50 left');
    expect(lines.join('\n')).toContain('4,202, 4,000/s');
    expect(lines.join('\n')).toContain('3.5 M, 3.0 M/s');
  });
});

it.each([
  [0, '0:00'],
  [61.7, '1:01'],
  [3725, '1:02:05'],
])('%d seconds are %s', (seconds, expected) => {
  expect(formatClock(seconds)).toBe(expected);
});

it.each([
  [999, '999'],
  [9999, '9,999'],
  [12_345, '12.3 k'],
  [1_250_000, '1.3 M'],
  [2.5e9, '2.5 G'],
])('%d is shown as %s', (count, expected) => {
  expect(formatMany(count)).toBe(expected);
});

it('the heap is measured from the first look after a minute, or after half of a shorter time', () => {
  const long = new HeapWatch(600);
  for (const [seconds, bytes] of [
    [10, 5],
    [59, 9],
    [62, 100],
    [300, 120],
    [590, 104],
  ] as const)
    long.note(seconds, bytes);
  expect(long.result).toEqual({ fromSeconds: 62, fromBytes: 100, toBytes: 104 });
  const short = new HeapWatch(10);
  short.note(1, 5);
  expect(short.result).toBeNull();
  short.note(6, 7);
  expect(short.result).toEqual({ fromSeconds: 6, fromBytes: 7, toBytes: 7 });
});

it('the last moves of a frame are remembered, the newest first, and only so many', () => {
  const moves = createRecentMoves(2);
  for (let job = 1; job <= 40_000; job++) rememberMoves(moves, 0, job, Uint32Array.of(1, 2, 0, 7, job, 0));
  rememberMoves(moves, 1, 3, Uint32Array.of(2, 9, 0, 5, 0xffff_ffff, 77));
  expect(movesOf(moves, 2, 3)).toEqual([
    { migrator: 0, job: 40_000, source: 1, target: 2 },
    { migrator: 0, job: 39_999, source: 1, target: 2 },
    { migrator: 0, job: 39_998, source: 1, target: 2 },
  ]);
  expect(movesOf(moves, 9, 8)).toContainEqual({ migrator: 1, job: 3, source: 2, target: 9 });
  // A page that was refused has not moved, and what is long ago has been forgotten.
  expect(movesOf(moves, 5, 8)).toEqual([]);
});
