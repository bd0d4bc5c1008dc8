import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Ended, vacate, vacateAll } from './run-cli.js';
import { hasTerminals, onTerminal } from './terminal.js';

/* Runs written down with --record, and what vacate replay shows of them. */

const TWO_DIMMS = 'examples/scenarios/two-dimms.yaml';
const PATIENCE_MS = 300_000;
jest.setTimeout(PATIENCE_MS);
const onTerminals = hasTerminals ? it : it.skip;
const SKIPPED = hasTerminals ? '' : ' (skipped: python3, which opens a terminal, is not installed)';

const folder = mkdtempSync(join(tmpdir(), 'vacate-replay-'));
const OFFLINE = join(folder, 'offline.run');
const REFUSED = join(folder, 'refused.run');
const HIGH_ORDER = join(folder, 'high-order.run');
const DEMO = join(folder, 'demo.run');
const CUT = join(folder, 'cut.run');
const NOTES = join(folder, 'notes.txt');
afterAll(() => rmSync(folder, { recursive: true }));

const offline = (...args: string[]) => ['offline', TWO_DIMMS, '--dimm', 'dimm1', ...args];

let runs: Ended[] = [];
let plain: Ended;
beforeAll(async () => {
  writeFileSync(NOTES, 'no run\n');
  [plain, ...runs] = (await vacateAll([
    offline('--json'),
    offline('--json', '--record', OFFLINE),
    [
      'offline',
      'examples/scenarios/refusals.yaml',
      '--dimm',
      'dimm0',
      '--strategy',
      'block-by-block',
      '--record',
      REFUSED,
    ],
    ['high-order', 'fragmented', '--order', '9', '--count', '8', '--record', HIGH_ORDER],
    ['demo', '--json', '--record', DEMO],
  ])) as [Ended, ...Ended[]];
  const whole = readFileSync(OFFLINE);
  writeFileSync(CUT, whole.subarray(0, Math.floor(whole.length * 0.8)));
}, PATIENCE_MS);

const replay = (...args: string[]) => vacate(['replay', ...args]);
const jsonOf = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await replay(...args, '--json');
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('--record', () => {
  it('changes nothing of what a command says, and takes less than three bytes a page event', async () => {
    expect(runs[0]).toEqual(plain);
    expect(runs.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      ...[[0, '']],
      ...[[64, '']],
      ...[[0, '']],
      ...[[0, '']],
    ]);
    const { pageEvents, bytes, end, at } = await jsonOf(OFFLINE);
    const { pagesMigrated } = JSON.parse(plain.stdout);
    expect([pageEvents, end.pagesMigrated]).toEqual([pagesMigrated, pagesMigrated]);
    expect(bytes).toBe(statSync(OFFLINE).size);
    expect(bytes / pageEvents).toBeLessThan(3);
    expect(at.hash).toBe(end.hash);
  });

  it.each([
    [() => offline('--record', NOTES), /would overwrite ".*notes\.txt", which is no recorded run; name another file/],
    [() => offline('--record', join(folder, 'no', 'such.run')), /--record cannot write ".*" \(ENOENT\)/],
    [() => offline('--record', folder), /would overwrite/],
    [() => ['compare', TWO_DIMMS, '--record', NOTES], /--record cannot make the folder ".*notes\.txt"/],
    [() => ['soak', '--record', NOTES], /would overwrite ".*notes\.txt", which is no recorded run/],
  ])(
    'is refused by a sentence where it cannot be (%#)',
    async (args, because) => {
      const { exitCode, stdout, stderr } = await vacate(args());
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(because);
    },
    PATIENCE_MS,
  );

  it(
    'ends with what was, when the run is interrupted',
    async () => {
      const path = join(folder, 'interrupted.run');
      const isUnderWay = () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 5000;
      const args = ['high-order', 'examples/scenarios/skew.yaml', '--order', '9', '--count', 'all', '--record', path];
      const { exitCode } = await vacate(args, { interruptWhen: isUnderWay });
      const { end, at, isCutOff } = await jsonOf(path);
      if (exitCode === 130) expect([end.outcome, isCutOff, at.hash]).toEqual(['interrupted', false, end.hash]);
      else expect(end.outcome).not.toBe('interrupted');
    },
    PATIENCE_MS,
  );
});

describe('--record of several machines', () => {
  it(
    'has all nodes in one file, which is the same for any number of threads',
    async () => {
      const runOf = (threads: number) => join(folder, `threads-${threads}.run`);
      const args = (threads: number) => [
        ...['offline', 'examples/scenarios/two-node-server.yaml', '--blocks', '8,20'],
        ...['--threads', `${threads}`, '--record', runOf(threads)],
      ];
      for (const { stderr } of await vacateAll([args(1), args(2)])) expect(stderr).toBe('');
      const [alone, together] = [await jsonOf(runOf(1)), await jsonOf(runOf(2))];
      expect(alone.pageEvents).toBeGreaterThan(0);
      expect(new Set(alone.header.machine.zones.map(({ node }: { node: number }) => node)).size).toBe(2);
      for (const run of [alone, together]) Object.assign(run, { file: '', bytes: 0, header: null });
      expect(together).toEqual(alone);
    },
    PATIENCE_MS,
  );

  it(
    'has a file for each cell of a comparison',
    async () => {
      const cells = join(folder, 'cells');
      const common = ['--seeds', '1', '--blocks', '12', '--out', join(folder, 'compared'), '--record', cells];
      const { exitCode } = await vacate(['compare', TWO_DIMMS, '--strategy', 'merged,block-by-block', ...common]);
      expect(exitCode).toBe(0);
      const names = ['block-by-block', 'merged'].map((strategy) => `two-dimms__offline+blocks+12__${strategy}__1.run`);
      expect(readdirSync(cells).sort()).toEqual(names);
      const { header, end, at } = await jsonOf(join(cells, names[1]!));
      expect([header.strategy, header.seed, end.outcome, at.hash]).toEqual(['merged', 1, 'done', end.hash]);
    },
    PATIENCE_MS,
  );
});

describe('replay', () => {
  it('says what a run was, and shows memory as it stood', async () => {
    const { exitCode, stdout, stderr } = await replay(OFFLINE);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`vacate offline ${TWO_DIMMS} --dimm dimm1 --json --record`);
    expect(stdout).toMatch(/ {2}machine {6}two-dimms \(scenario, seed 2004\), 256 MiB/);
    expect(stdout).toMatch(/ {2}page events {2}14,442 in /);
    expect(stdout).toMatch(/14,442 {2}block 15 is offline/);
    expect(stdout).toContain('Memory at the end');
    expect(stdout).toMatch(/ {6}15 │ {28}offline {29}│/);
    expect(Math.max(...stdout.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });

  it('goes to any place of it', async () => {
    const [half, early, range, text] = [
      await jsonOf(OFFLINE, '--at', '50%'),
      await jsonOf(OFFLINE, '--at', '1000'),
      await jsonOf(OFFLINE, '--at', 'range:1'),
      (await replay(OFFLINE, '--at', '50%')).stdout,
    ];
    expect(half.at.pagesMigrated).toBeGreaterThan(5000);
    expect([early.at.pageEvent, early.at.pagesMigrated]).toEqual([1000, 1000]);
    expect(range.at.pageEvent).toBe(0);
    expect(half.rangeEvents[0]).toMatchObject({ kind: 'run-started', strategy: 'merged' });
    expect(text).toMatch(/Memory after [\d,]+ page events of 14,442/);
  });

  it('says what was given up and why, and what became of a page', async () => {
    const { stdout } = await replay(REFUSED);
    expect(stdout).toMatch(
      /gave up on 0x4000-0x4fff: kernel memory \(slab, page\s+table, stack\) that only its owner can free/,
    );
    const moved = await jsonOf(OFFLINE, '--pfn', '0xc100');
    expect(moved).toMatchObject({ pfn: 0xc100, at: { is: 'no memory' } });
    const [event] = moved.events;
    expect(event).toMatchObject({ source: 0xc100, refusal: null });
    const page = (await replay(OFFLINE, '--pfn', `pfn:0x${event.target.toString(16)}`)).stdout;
    expect(page).toContain('arrived in this run');
    expect(page).toContain('a page came here from pfn:0xc100');
  });

  it('shows a run that was cut off as far as it got', async () => {
    const { exitCode, stdout } = await replay(CUT);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('✗ The recording has no end');
    const { pageEvents, isCutOff, end } = await jsonOf(CUT);
    expect([isCutOff, end]).toEqual([true, null]);
    expect(pageEvents).toBeGreaterThan(1000);
    expect(pageEvents).toBeLessThan(14_442);
  });

  it(
    'comes to the same hash when a run from a scenario and a seed is run again',
    async () => {
      for (const path of [OFFLINE, HIGH_ORDER, DEMO]) {
        const { exitCode, stdout, stderr } = await replay(path, '--verify');
        expect([exitCode, stderr]).toEqual([0, '']);
        expect(stdout).toMatch(/^✓ The same run again: recorded ([\da-f]{8}), replayed \1, run again \1\.$/m);
      }
      const cut = await replay(CUT, '--verify');
      expect([cut.exitCode, cut.stdout]).toEqual([2, '']);
      expect(cut.stderr).toContain('the recording has no end to compare with');
    },
    PATIENCE_MS,
  );

  it(
    'does so with a run on a capture, and refuses one that is not what it was',
    async () => {
      const capture = join(folder, 'host7');
      const path = join(folder, 'capture.run');
      cpSync('test/fixtures/captures/mixed-offline/before-memory32', capture, { recursive: true });
      await vacate(['offline', capture, '--blocks', '32', '--record', path]);
      const verify = () => replay(path, '--verify');
      const same = await verify();
      expect([same.exitCode, same.stderr]).toEqual([0, '']);
      expect(same.stdout).toMatch(/^✓ The same run again: recorded ([\da-f]{8}), replayed \1, run again \1\.$/m);
      appendFileSync(join(capture, 'meminfo'), '\n');
      expect(await verify()).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringMatching(/is another one/),
      });
      rmSync(capture, { recursive: true });
      expect(await verify()).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(/is not there/) });
    },
    PATIENCE_MS,
  );

  it(
    'follows a run that goes on',
    async () => {
      const path = join(folder, 'followed.run');
      const run = vacate([
        'high-order',
        'examples/scenarios/skew.yaml',
        '--order',
        '9',
        '--count',
        '32',
        '--record',
        path,
      ]);
      while ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0)
        await new Promise((done) => setTimeout(done, 10));
      const { exitCode, stdout } = await replay(path, '--follow');
      expect([exitCode, (await run).exitCode]).toEqual([0, 0]);
      expect(stdout).toMatch(/run started: high-order by merged[\s\S]+run finished: done[\s\S]+Memory at the end/);
    },
    PATIENCE_MS,
  );

  it.each([
    [[NOTES], 'this is no recorded run; record one with --record FILE'],
    [['no-such.run'], '"no-such.run" cannot be read (ENOENT)'],
    [[OFFLINE, '--at', 'noon'], '--at cannot read "noon"; write a page event (1000)'],
    [[OFFLINE, '--pfn', '-1'], '--pfn cannot read "-1"'],
    [[OFFLINE, '--pfn', '99999999'], 'the recording has no page pfn:0x5f5e0ff'],
    [[OFFLINE, '--verify', '--at', '3'], '--verify looks at the end of a run'],
  ])('says in a sentence what is wrong with %j', async (args, because) => {
    const { exitCode, stdout, stderr } = await replay(...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(because);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  onTerminals(
    `is stepped through by keys on a terminal${SKIPPED}`,
    async () => {
      const steps: readonly (readonly [seen: RegExp, keys: string])[] = [
        [/Memory in the beginning; 0 moved/, '\u001b[C'],
        [/Memory after [\d,]+ page events of 14,442/, '.'],
        [/./, '\u001b[6~'],
        [/block 12 is offline/, '\u001b[H..\u001b[5~\u001b[F'],
        [/Memory at the end; 14,442 moved, 0 refused/, 'g'],
        [/go to: /, 'pfn:0xc100\r'],
        [/pfn:0xc100, after [\s\S]*event 257/, 'q'],
      ];
      let at = 0;
      let from = 0;
      const { exitCode, screen, written } = await onTerminal(['replay', OFFLINE], {
        onWritten: (text) => {
          const step = steps[at];
          if (step === undefined || !step[0].test(text.slice(from))) return null;
          at++;
          from = text.length;
          return `keys ${step[1]}`;
        },
      });
      expect([exitCode, at]).toEqual([0, steps.length]);
      expect(written).not.toContain('undefined');
      expect(screen.join('\n')).toMatch(/Memory after .*page events of 14,442/);
      expect(Math.max(...screen.map((line) => [...line].length))).toBeLessThanOrEqual(80);
    },
    PATIENCE_MS,
  );
});
