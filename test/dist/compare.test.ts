import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { type Ended, type Manner, vacate } from './run-cli.js';

/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vacate-compare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 16 MiB, half of it free in small pieces; one job of each kind. */
const SMALL = join(folder, 'small.yaml');
writeFileSync(
  SMALL,
  `name: small
blockSize: 2MiB
nodes:
  - boot: 16MiB
    dimms: [{ name: dimm0, size: 4MiB, zone: movable }]
workloads:
  - { kind: anonymous, size: 12MiB, processes: 2, keep: 0.5 }
activities:
  - { kind: cache-reads, size: 1MiB, rate: 20 }
jobs:
  - { kind: high-order, order: 9, count: 1 }
  - { kind: offline, dimm: dimm0 }
  - { kind: requests, order: 4, requests: 10, every: 1ms, hold: 2ms, wait: true }
`,
);
const CAPTURE = 'test/fixtures/captures/pinned-offline/before-memory32';
const STRATEGIES = 'cheapest-range,isolate-first,block-by-block,kswapd-orders';

const compare = (args: readonly string[], manner?: Manner) => vacate(['compare', ...args], manner);
const out = (name: string) => join(folder, name);
const read = (name: string, file: string) => readFileSync(join(folder, name, file), 'utf8');
const linesOf = (text: string) => text.split('\n').slice(0, -1);

function expectSentence({ exitCode, stdout, stderr }: Ended, says: string): void {
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^vacate: [^\n]+\n$/);
  expect(stderr).toContain(says);
}

describe('vacate compare', () => {
  let two: Ended;
  let one: Ended;

  beforeAll(async () => {
    const args = [SMALL, '--seeds', '3', '--strategy', STRATEGIES];
    two = await compare([...args, '--jobs', '2', '--out', out('two')]);
    one = await compare([...args, '--jobs', '1', '--out', out('one'), '--json']);
  }, PATIENCE_MS);

  it('prints a table for each job, in 80 columns, without progress in a pipe', () => {
    expect([two.exitCode, two.stderr]).toEqual([0, '']);
    expect(two.stdout).toMatch(/^small: order 9, 1 blocks? \(3 seeds\)\n {2}strategy +success/);
    for (const title of ['small: offline dimm0', 'small: 10 requests of order 4', 'Over all jobs'])
      expect(two.stdout).toContain(`\n${title}`);
    expect(two.stdout).toMatch(/\n {2}none +\d/);
    expect(two.stdout).not.toContain('\u001b');
    expect(linesOf(two.stdout).filter((line) => line.length > 80 && !line.includes(folder))).toEqual([]);
  });

  it('gives the same cells whatever the number of workers', () => {
    expect(read('two', 'cells.csv')).toBe(read('one', 'cells.csv'));
    expect(read('two', 'report.html')).toBe(read('one', 'report.html'));
    const sorted = (name: string) => linesOf(read(name, 'cells.jsonl')).sort();
    expect(sorted('two')).toEqual(sorted('one'));
    expect(sorted('two')).toHaveLength((1 + 2 + 3) * 3);
  });

  it('has the summary as data', () => {
    const { command, cells, tables } = JSON.parse(one.stdout);
    expect([command, cells]).toEqual(['compare', 18]);
    expect(tables.map(({ job }: { job: string }) => job)).toEqual([
      'order 9, 1 blocks',
      'offline dimm0',
      '10 requests of order 4, waiting, every 1 ms, held 2 ms',
    ]);
    expect(tables[1].rows[0]).toMatchObject({
      strategy: 'isolate-first',
      n: 3,
      doesNotApply: null,
      estimates: { success: { n: 3 }, contentsWrong: { mean: 0 } },
    });
  });

  it('writes what it was asked, tables, and a report that needs no network', async () => {
    const record = JSON.parse(read('two', 'run.json'));
    expect(record.machines[0]).toMatchObject({ name: 'small', source: 'scenario', seeds: [1, 2, 3] });
    const file = readFileSync(join(folder, 'two', 'cells.parquet'));
    const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer });
    expect(rows.map((row) => row.stateHash)).toEqual(
      linesOf(read('two', 'cells.csv'))
        .slice(1)
        .map((line) => line.split(',').at(-1)),
    );
    expect(new Set(rows.map((row) => row.stateHash)).size).toBeGreaterThan(6);
    const report = read('two', 'report.html');
    expect(report.match(/https?:[^"]*/g)?.filter((url) => url !== 'http://www.w3.org/2000/svg')).toEqual([]);
    expect(report.match(/<svg/g)?.length).toBeGreaterThan(6);
  });

  it(
    'compares on captures, once, and says that there is no interval',
    async () => {
      const answer = await compare([
        CAPTURE,
        '--strategy',
        'isolate-first,swap-out',
        '--out',
        out('capture'),
        '--seeds',
        '5',
      ]);
      expect([answer.exitCode, answer.stderr]).toEqual([0, '']);
      expect(answer.stdout).toMatch(/^before-memory32: offline dimm1 \(one run each, so no intervals\)\n/);
      expect(linesOf(read('capture', 'cells.jsonl'))).toHaveLength(2);
    },
    PATIENCE_MS,
  );

  it(
    'has the error of a worker that ended in the middle, and goes on',
    async () => {
      const plugin = ['--plugin', './test/dist/plugins/ends-workers.mjs'];
      const answer = await compare([
        ...[SMALL, '--seeds', '2', '--strategy', 'isolate-first', ...plugin, '--out', out('ended')],
      ]);
      expect(answer.exitCode).toBe(64);
      expect(answer.stdout).toContain('isolate-first failed in 2 runs: a worker ended in the middle of its work');
      expect(linesOf(read('ended', 'cells.jsonl'))).toHaveLength(2);
    },
    PATIENCE_MS,
  );
});

describe('an interrupted comparison', () => {
  it(
    'keeps finished cells, says how to go on, and ends as if it had never been stopped',
    async () => {
      const args = [SMALL, '--seeds', '16', '--strategy', STRATEGIES, '--jobs', '2'];
      const path = out('stopped');
      const stopped = await compare([...args, '--out', path], { interruptWhen: () => journalLines(path) >= 5 });
      expect(stopped.exitCode).toBe(130);
      const [, kept = ''] =
        /^vacate: interrupted: (\d+) of 96 cells are finished and kept in (?:.+); .+--resume/.exec(stopped.stderr) ??
        [];
      expect(linesOf(read('stopped', 'cells.jsonl'))).toHaveLength(Number(kept));
      expect(Number(kept)).toBeGreaterThanOrEqual(5);
      expect(Number(kept)).toBeLessThan(96);

      // As if the computer had gone down in the middle of a line.
      const journal = join(path, 'cells.jsonl');
      truncateSync(journal, read('stopped', 'cells.jsonl').length - 9);
      const beforehand = linesOf(read('stopped', 'cells.jsonl'));
      const resumed = await compare([...args, '--out', path, '--resume']);
      expect([resumed.exitCode, resumed.stderr]).toEqual([0, '']);
      expect(linesOf(read('stopped', 'cells.jsonl')).slice(0, beforehand.length)).toEqual(beforehand);
      expect(linesOf(read('stopped', 'cells.jsonl'))).toHaveLength(96);

      await compare([...args, '--out', out('whole')]);
      expect(read('stopped', 'cells.csv')).toBe(read('whole', 'cells.csv'));

      const other = await compare([SMALL, '--seeds', '4', '--strategy', STRATEGIES, '--out', path, '--resume']);
      expectSentence(other, 'holds another run and cannot be resumed: it has seeds 1, 2, 3');
      expectSentence(await compare([...args, '--out', path]), 'holds results already');
      expect(linesOf(read('stopped', 'cells.jsonl'))).toHaveLength(96);
    },
    PATIENCE_MS,
  );
});

function journalLines(path: string): number {
  try {
    return readFileSync(join(path, 'cells.jsonl'), 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}

describe('bad input', () => {
  const file = join(folder, 'file');
  const broken = join(folder, 'broken.yaml');
  writeFileSync(file, '');
  writeFileSync(broken, 'name: broken\nnodes: []\n');
  mkdirSync(join(folder, 'empty'));

  it.each([
    ['no machine', [], "missing required argument 'machines'"],
    ['no such machine', ['nowhere.yaml'], 'there is no file or directory "nowhere.yaml"'],
    ['a machine named twice', [SMALL, SMALL], 'is named twice'],
    ['a scenario that makes no sense', [broken], 'broken.yaml: nodes'],
    ['a folder that is no capture', [join(folder, 'empty')], 'kpageflags'],
    ['a strategy that does not exist', [SMALL, '--strategy', 'cheapest-rage'], 'did you mean "cheapest-range"?'],
    ['a mode that does not exist', [SMALL, '--strategy', 'tosatti:intendet'], 'did you mean "intended"?'],
    [
      'strategies without a job',
      [SMALL, '--order', '3', '--strategy', 'isolate-first'],
      'no machine has a job for isolate-first',
    ],
    ['no seed', [SMALL, '--seeds', '0'], '--seeds cannot be "0"'],
    ['no worker', [SMALL, '--jobs', '0'], '--jobs cannot be "0"'],
    ['a count without an order', [SMALL, '--count', '5'], '--count says how many blocks, but not of which order'],
    ['a DIMM that is not there', [SMALL, '--dimm', 'dimm7'], 'small has no DIMM "dimm7"; it has dimm0'],
    ['an out path that is a file', [SMALL, '--out', file], 'is a file; name a folder'],
    ['nothing to resume', [SMALL, '--out', join(folder, 'empty'), '--resume'], 'no run to go on with'],
    ['both ways with old results', [SMALL, '--resume', '--force'], 'keep one of them'],
    ['a plugin that is not there', [SMALL, '--plugin', './none.js'], 'cannot load plugin "./none.js"'],
  ])(
    '%s is one sentence, and nothing is written',
    async (_what, args, says) => {
      const path = out('unwritten');
      expectSentence(await compare(args.includes('--out') ? args : [...args, '--out', path]), says);
      expect(journalLines(path)).toBe(0);
    },
    PATIENCE_MS,
  );
});
