import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Ended, vacate } from './run-cli.js';

/** All strategies in turn, on a machine as small as it can be. */
const SMALL = 'test/fixtures/soak/small.yaml';
/** Threads begin, and everything is checked once more at the end, on machines that have other work as well. */
const TIMEOUT_MS = 300_000;

interface Report {
  readonly ended: string;
  readonly pagesMigrated: number;
  readonly accesses: number;
  readonly wordsRead: number;
  readonly quietWords: number;
  readonly wrong: Record<string, unknown> | null;
  readonly moves: readonly unknown[];
  readonly broken: readonly string[];
  readonly strategies: ReadonlyArray<{ strategy: string; jobs: number; pagesMigrated: number }>;
  readonly faults: Readonly<Record<string, number>>;
  readonly calls: Readonly<Record<string, number>>;
}
const reportIn = ({ stdout }: Ended) => JSON.parse(stdout) as Report;

describe('a soak of two threads, with every strategy and every fault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-soak-'));
  const recorded = join(folder, 'soak.run');
  let ended: Ended;
  beforeAll(async () => {
    ended = await vacate(['soak', SMALL, '--rounds', '2', '--threads', '2', '--json', '--record', recorded]);
  }, TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('ends well, with nothing wrong', () => {
    expect(ended.stderr).toBe('');
    expect(reportIn(ended)).toMatchObject({ ended: 'time', wrong: null, broken: [] });
    expect(ended.exitCode).toBe(0);
  });

  it('has moved pages under processes that read and wrote them, and compared all of memory', () => {
    const { pagesMigrated, accesses, wordsRead, quietWords } = reportIn(ended);
    expect(pagesMigrated).toBeGreaterThan(10_000);
    expect(accesses).toBeGreaterThan(100_000);
    expect(wordsRead).toBeGreaterThan(accesses / 3);
    expect(quietWords).toBeGreaterThan(10_000);
  });

  it('gave every strategy its turns', () => {
    const { strategies } = reportIn(ended);
    expect(strategies.length).toBeGreaterThan(20);
    expect(strategies.filter(({ jobs }) => jobs < 2)).toEqual([]);
    expect(strategies.filter(({ pagesMigrated }) => pagesMigrated > 0).length).toBeGreaterThan(8);
  });

  it('let every kind of fault happen, and processes do everything', () => {
    const { faults, calls } = reportIn(ended);
    expect(Object.keys(faults).length).toBe(11);
    expect(Object.entries(faults).filter(([, times]) => times === 0)).toEqual([]);
    expect(calls.spawn! + calls.fork!).toBeGreaterThan(0);
    expect(calls.read! + calls.write! + calls.pin!).toBeGreaterThan(0);
  });

  it('is recorded as it was seen from outside, to the end', async () => {
    const standing = async (...where: string[]) => {
      const { stdout, exitCode } = await vacate(['replay', recorded, ...where, '--json']);
      expect(exitCode).toBe(0);
      return JSON.parse(stdout);
    };
    const [begun, middle, end] = await Promise.all([standing('--at', '0%'), standing('--at', '50%'), standing()]);
    expect(end).toMatchObject({ isCutOff: false, header: { strategy: expect.stringContaining('beside 2 threads') } });
    const { pagesMigrated } = reportIn(ended);
    expect(end).toMatchObject({ end: { outcome: 'done', pagesMigrated }, at: { pagesMigrated } });
    expect(middle.at.counters.migrated).toBeGreaterThan(0);
    expect(middle.at.counters.migrated).toBeLessThan(pagesMigrated);
    expect(new Set([begun, middle, end].map(({ at }) => at.hash)).size).toBe(3);
    const sumOf = (pages: Record<string, number>) => Object.values(pages).reduce((sum, nr) => sum + nr, 0);
    expect([middle, end].map(({ at }) => sumOf(at.pages))).toEqual([sumOf(begun.at.pages), sumOf(begun.at.pages)]);
    const again = await vacate(['replay', recorded, '--verify']);
    expect([again.exitCode, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toContain('threads of a soak never meet alike');
  });
});

it(
  'finds a page that was not copied, and says where, what, and what moved it',
  async () => {
    const plugin = ['--plugin', './test/dist/plugins/copies-badly.mjs'];
    const common = ['soak', SMALL, '--seconds', '60', '--strategy', 'move-pages', '--faults', 'none'];
    const ended = await vacate([...common, ...plugin, '--json'], { unbundled: true });
    const { ended: how, wrong, moves } = reportIn(ended);
    expect(ended.exitCode).toBe(1);
    expect(how).toBe('wrong');
    expect(wrong!.found).not.toBe(wrong!.expected);
    expect(typeof wrong!.whose).toBe('string');
    if (wrong!.frame !== null) expect(moves.length).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

it(
  'is stopped by Ctrl-C, with a last look and exit code 130',
  async () => {
    const begun = Date.now();
    const ended = await vacate(['soak', SMALL, '--minutes', '5', '--threads', '1', '--faults', 'none'], {
      interruptWhen: () => Date.now() - begun > 2500,
    });
    expect(ended.exitCode).toBe(130);
    expect(ended.stdout + ended.stderr).toMatch(/[Ii]nterrupted/);
  },
  TIMEOUT_MS,
);

it.each([
  [['--faults', 'swapfull'], 2, 'there is no fault "swapfull"; did you mean "swap-full"?'],
  [['test/fixtures'], 2, '"test/fixtures" is a capture, whose pages have no owners that could run; name a scenario'],
  [['--threads', '24', SMALL], 1, 'small has too little free memory for 24 threads while a DIMM is away'],
])(
  '%j ends with exit code %d and a sentence',
  async (args, exitCode, sentence) => {
    const ended = await vacate(['soak', ...args]);
    expect(ended.stderr).toContain(sentence);
    expect(ended).toMatchObject({ exitCode, stdout: '' });
  },
  TIMEOUT_MS,
);
