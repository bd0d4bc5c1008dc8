import { attemptBecause } from '../../../src/cli/live/offline-live-because.js';
import { offlineLiveJson } from '../../../src/cli/live/offline-live-json.js';
import type { OfflinePlan } from '../../../src/cli/live/offline-live-plan.js';
import { type Committed, exitCodeOfReport, type OfflineLiveReport } from '../../../src/cli/live/offline-live-report.js';
import { offlineLiveText } from '../../../src/cli/live/offline-live-text.js';
import { createPalette } from '../../../src/cli/palette.js';
import type { BlockAttempt } from '../../../src/linux/hotplug/empty-block.js';
import type { StallCause } from '../../../src/linux/hotplug/stall-watch.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';

const BOUNDS = { timeoutMs: 60_000, stallMs: 10_000 };

const look = (pages: number, failed: number) => ({ pages, pfns: [0x100887], pagesHash: 1, migrated: 5, failed });

function attempt(block: number, more: Partial<BlockAttempt> = {}): BlockAttempt {
  return {
    block,
    obstacle: null,
    error: null,
    seconds: 1.25,
    pagesBefore: 32_768,
    pagesLeft: 0,
    pfnsLeft: [],
    pagesMigrated: 32_768,
    pagesFailed: 0,
    stall: null,
    problem: null,
    isPending: false,
    ...more,
  };
}

const stalled = (cause: StallCause, obstacle: BlockAttempt['obstacle'] = 'stalled') =>
  attempt(32, {
    obstacle,
    error: 'EINTR',
    stall: { cause, since: look(32, 100), now: look(32, 4964), targetRoom: 12 },
  });

function planOf(blocks: readonly number[], more: Partial<OfflinePlan> = {}): OfflinePlan {
  return {
    machine: 'guest-7',
    blockBytes: 2 ** 27,
    dimm: null,
    blocks: blocks.map((block) => ({
      block,
      state: BLOCK_ONLINE,
      isRemovable: true,
      zones: ['Movable'],
      areZonesKnown: true,
      node: 0,
    })),
    verdicts: new Map(blocks.map((block) => [block, { verdict: 'will-go', pagesToMove: 7, because: null }])),
    forecast: null,
    order: [...blocks].reverse(),
    refusal: null,
    caveats: [],
    isLate: false,
    ...more,
  };
}

function committed(more: Partial<Committed>): Committed {
  return {
    outcome: 'done',
    attempts: [],
    rolledBack: null,
    failedAfterwards: null,
    isSettled: true,
    writes: [],
    problem: null,
    journal: '/var/lib/vacate/journal',
    ejected: null,
    explanation: [],
    states: new Map(),
    seconds: 2,
    ...more,
  };
}

const textOf = (report: OfflineLiveReport) => offlineLiveText(report, createPalette(false)).join('\n');

describe('why a block did not go', () => {
  it.each([
    ['out-of-targets', 'stalled: no page has left for 10 s, 32 pages had to move and only 12 could be taken elsewhere'],
    ['same-pages', 'stalled: no page has left for 10 s, the same 32 pages failed in each pass (4,864 failures)'],
    ['other-pages', 'stalled: no page has left for 10 s, 32 pages stayed, not always the same (4,864 failures)'],
    ['not-trying', 'the kernel was not trying to move any: it waits for a lock or a driver'],
  ] as const)('%s', (cause, says) => {
    expect(attemptBecause(stalled(cause), BOUNDS)).toContain(says);
  });

  it('is told of a limit, of the user, of the kernel and of us as well', () => {
    expect(attemptBecause(stalled('same-pages', 'timeout'), BOUNDS)).toMatch(
      /^time was up after 60 s: the same 32 pages/,
    );
    expect(attemptBecause(stalled('same-pages', 'interrupted'), BOUNDS)).toMatch(/^stopped by you when the same 32/);
    expect(attemptBecause(attempt(1, { obstacle: 'refused', error: 'EBUSY' }), BOUNDS)).toMatch(
      /^the kernel refuses: it/,
    );
    expect(attemptBecause(attempt(1, { obstacle: 'refused', error: 'EXDEV' }), BOUNDS)).toBe(
      'the kernel refuses (EXDEV)',
    );
    expect(attemptBecause(attempt(1, { obstacle: 'refused', problem: 'the disk is full' }), BOUNDS)).toBe(
      'the disk is full',
    );
    expect(attemptBecause({ ...stalled('not-trying'), isPending: true }, BOUNDS)).toMatch(/has not let go of it yet$/);
    expect(attemptBecause(attempt(1), BOUNDS)).toBeNull();
  });
});

describe('a report', () => {
  const back = (block: number, because: string | null) => ({
    block,
    zone: 'Movable',
    isBack: because === null,
    because,
  });

  it('of a run that stalled names the pages, and what was brought back', () => {
    const report: OfflineLiveReport = {
      plan: planOf([32, 33, 34]),
      committed: committed({
        outcome: 'stalled',
        attempts: [attempt(34), attempt(33), stalled('same-pages')],
        rolledBack: [back(33, null), back(34, null)],
        states: new Map([32, 33, 34].map((block) => [block, 'online'])),
      }),
      bounds: BOUNDS,
    };
    const text = textOf(report);
    expect(text).toMatch(/^✗ Stalled, still online: blocks 32-34 of guest-7 \(384 MiB\)\n/);
    expect(text).toMatch(/32 +online +1\.3 +32,768 +0 +32 +stalled\n/);
    expect(text).toContain('Brought back to the zone that they had: blocks 33-34.');
    expect(text).toContain('0x100887 … 31 more');
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(exitCodeOfReport(report)).toBe(1);
    expect(offlineLiveJson(report)).toMatchObject({
      outcome: 'stalled',
      blocks: [{ block: 32, pagesLeft: 32, stall: 'same-pages', error: 'EINTR' }, { block: 33 }, { block: 34 }],
    });
  });

  it('of a block that is not back is loud, and fails whatever else was wanted', () => {
    const report: OfflineLiveReport = {
      plan: planOf([32, 33]),
      committed: committed({
        outcome: 'interrupted',
        attempts: [attempt(33), stalled('same-pages', 'interrupted')],
        rolledBack: [back(33, 'it is in zone Normal now, not in Movable')],
        isSettled: false,
        explanation: null,
      }),
      bounds: BOUNDS,
    };
    const text = textOf(report);
    expect(text).toContain('NOT AS BEFORE: block 33: it is in zone Normal now, not in Movable.');
    expect(text).toContain('try again with vacate recover');
    expect(text).toContain("The kernel's log of 1 attempt cannot be read");
    expect(exitCodeOfReport(report)).toBe(1);
  });

  it('has an exit code for every end', () => {
    const codeOf = (more: Partial<Committed> | null, plan = planOf([32, 33])) =>
      exitCodeOfReport({ plan, committed: more === null ? null : committed(more), bounds: BOUNDS });
    expect(codeOf(null)).toBe(0);
    expect(codeOf(null, planOf([32], { refusal: 'block 32 will not go' }))).toBe(1);
    expect(codeOf(null, planOf([32], { isLate: true }))).toBe(1);
    expect(codeOf({ attempts: [attempt(33), attempt(32)] })).toBe(0);
    expect(codeOf({ attempts: [attempt(33)] }, planOf([32, 33], { order: [33] }))).toBe(64);
    expect(codeOf({ outcome: 'interrupted', attempts: [attempt(33)], rolledBack: [] })).toBe(130);
    expect(codeOf({ outcome: 'timeout', attempts: [attempt(33), stalled('same-pages', 'timeout')] })).toBe(64);
    expect(codeOf({ outcome: 'timeout', attempts: [stalled('same-pages', 'timeout')], rolledBack: [] })).toBe(1);
  });
});
