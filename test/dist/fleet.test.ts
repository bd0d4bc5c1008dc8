import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { vacate } from './run-cli.js';

const PATIENCE_MS = 300_000;
const CAPTURES = 'test/fixtures/captures';
const PINNED = `${CAPTURES}/pinned-offline`;

const folder = mkdtempSync(join(tmpdir(), 'vacate-fleet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fleet = (...args: readonly string[]) => vacate(['fleet', 'forecast', ...args]);
const out = (name: string) => join(folder, name);
const read = (name: string, file: string) => readFileSync(join(folder, name, file), 'utf8');
const sorted = (text: string) => text.split('\n').sort().join('\n');

describe('vacate fleet forecast', () => {
  it(
    'says the same for any number of workers, and after a run that was cut off',
    async () => {
      const args = [PINNED, `${CAPTURES}/skew-*`, '--need', '256MiB'];
      const two = await fleet(...args, '--jobs', '2', '--out', out('two'), '--json');
      const one = await fleet(...args, '--jobs', '1', '--out', out('one'));
      expect([two.exitCode, two.stderr, one.exitCode, one.stderr]).toEqual([0, '', 0, '']);
      for (const file of ['fleet.json', 'hosts.csv', 'report.html']) expect(read('one', file)).toBe(read('two', file));
      expect(sorted(read('one', 'hosts.jsonl'))).toBe(sorted(read('two', 'hosts.jsonl')));
      const { report, hosts } = JSON.parse(two.stdout);
      expect(report.hosts).toBe(hosts.length);
      expect(report.need.can.length + report.need.cannot.length).toBe(hosts.length);
      expect(new Set(hosts.map(({ host }: { host: string }) => host)).size).toBe(hosts.length);
      expect(one.stdout).toContain('can give 256 MiB now');
      const lines = one.stdout.split('\n').filter((line) => !line.includes(folder));
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
      const buffer = readFileSync(join(out('one'), 'hosts.parquet'));
      const file = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length) as ArrayBuffer;
      expect(await parquetReadObjects({ file })).toHaveLength(hosts.length);

      const half = read('one', 'hosts.jsonl').split('\n').slice(0, 2).join('\n');
      writeFileSync(join(out('one'), 'hosts.jsonl'), `${half}\n{"id":"torn`);
      const again = await fleet(...args, '--out', out('one'), '--resume');
      expect([again.exitCode, again.stdout]).toEqual([0, one.stdout]);
      expect(sorted(read('one', 'hosts.jsonl'))).toBe(sorted(read('two', 'hosts.jsonl')));
    },
    PATIENCE_MS,
  );

  it(
    'agrees with the forecast of one host',
    async () => {
      const capture = `${PINNED}/before-memory32`;
      const [many, single] = await Promise.all([
        fleet(capture, '--need', '1GiB', '--json'),
        vacate(['forecast', capture, '--need', '1GiB', '--json']),
      ]);
      const [host] = JSON.parse(many.stdout).hosts;
      const { blocks, need } = JSON.parse(single.stdout);
      expect(host.blocksOnline).toBe(blocks.length);
      expect(host.blocksWillGo).toBe(blocks.filter(({ verdict }: { verdict: string }) => verdict === 'will-go').length);
      expect([host.need.enough, host.need.blocks]).toEqual([need.enough, need.blocks]);
    },
    PATIENCE_MS,
  );

  it(
    'goes on past a capture that is spoilt, says so, and ends with exit code 64',
    async () => {
      const place = out('spoilt');
      mkdirSync(place);
      cpSync(`${PINNED}/before-memory32`, join(place, 'well'), { recursive: true });
      cpSync(`${PINNED}/before-memory32`, join(place, 'torn'), { recursive: true });
      writeFileSync(join(place, 'torn', 'kpageflags.gz'), 'no gzip');
      const { exitCode, stdout } = await fleet(place, '--json');
      const { report } = JSON.parse(stdout);
      expect([exitCode, report.hosts]).toEqual([64, 1]);
      expect(report.failed).toEqual([
        { host: 'torn', where: join(place, 'torn'), because: expect.stringContaining('kpageflags.gz') },
      ]);
    },
    PATIENCE_MS,
  );

  it.each([
    [['no-such'], '"no-such" is no directory'],
    [['examples/scenarios'], 'holds no capture'],
    [[PINNED, '--resume'], 'needs --out'],
    [[PINNED, '--need', 'much'], '--need cannot read "much"'],
  ])(
    'says in a sentence what is wrong with %j',
    async (args, says) => {
      const { exitCode, stdout, stderr } = await fleet(...args);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(says);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
    PATIENCE_MS,
  );
});

describe('vacate results', () => {
  const ask = (...args: readonly string[]) => vacate(['results', folder, ...args]);

  it(
    'answers in SQL about every run in a folder',
    async () => {
      const args = [
        '--sql',
        'SELECT host, sum(free2M) AS free, max(run) AS run FROM hosts GROUP BY host ORDER BY host',
      ];
      const [said, text, csv, views] = await Promise.all([
        ask(...args, '--json'),
        ask(...args),
        ask(...args, '--csv'),
        ask(),
      ]);
      const hosts = read('two', 'hosts.csv').split('\n').slice(1, -1);
      const { columns, rows } = JSON.parse(said.stdout);
      expect([said.exitCode, said.stderr, columns]).toEqual([0, '', ['host', 'free', 'run']]);
      expect(rows).toHaveLength(hosts.length);
      expect(rows.every(([, free, run]: [string, number, string]) => free > 0 && run === out('two'))).toBe(true);
      expect(text.stdout).toMatch(/^ {2}host +free {2}run/);
      expect(csv.stdout.split('\n')[1]).toBe(rows[0].join(','));
      expect(views.stdout).toMatch(new RegExp(`^hosts \\(${2 * hosts.length} rows\\)\n {2}run varchar, host varchar`));
    },
    PATIENCE_MS,
  );

  it.each([
    [['--sql', 'SELECT nonesuch FROM hosts'], 'the results cannot be asked that: Binder Error'],
    [['--csv', '--json'], 'keep one of them'],
  ])(
    'says in a sentence what is wrong with %j',
    async (args, says) => {
      const { exitCode, stdout, stderr } = await ask(...args);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(says);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
    PATIENCE_MS,
  );

  it(
    'wants folders that hold results',
    async () => {
      const { exitCode, stderr } = await vacate(['results', 'examples/scenarios']);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('"examples/scenarios" holds no results');
    },
    PATIENCE_MS,
  );
});
