import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANON_PAGE, removeTemporaryDirectories, Sketch } from '../../unit/capture/sketch.js';
import { FileServer } from '../../unit/remote/file-server.js';
import { type Ended, vacate } from '../run-cli.js';
import { RedisServer } from './redis-server.js';
import { expectSameResults } from './same-results.js';
import { endWorkers, startWorker } from './workers.js';

const PATIENCE_MS = 300_000;
const NAMES = ['host1', 'host2', 'host3'];

const folder = mkdtempSync(join(tmpdir(), 'vacate-fleet-http-'));
const captures = join(folder, 'captures');
let server: FileServer;

beforeAll(async () => {
  mkdirSync(captures);
  for (const [at, name] of NAMES.entries()) {
    const drawn = new Sketch().draw(100, [ANON_PAGE, 0, 1], 30 + 50 * at).write();
    cpSync(drawn, join(captures, name), { recursive: true });
  }
  writeFileSync(join(captures, 'today.txt'), `# all of them\n${NAMES.join('\n')}\n`);
  server = await FileServer.start(captures);
}, PATIENCE_MS);

afterEach(() => {
  server.manners = {};
});

afterAll(async () => {
  await endWorkers();
  await server.stop();
  removeTemporaryDirectories();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

const fleet = (...args: readonly string[]) => vacate(['fleet', 'forecast', ...args]);
const list = () => ['--list', `${server.url}/today.txt`];
const rowsOf = (name: string) => readFileSync(join(folder, name, 'hosts.csv'), 'utf8');

describe('a fleet whose captures lie on a server', () => {
  it(
    'has the same rows as one in a directory, to the byte, here and from workers',
    async () => {
      const redis = await RedisServer.start();
      try {
        const [by, here] = (await Promise.all([
          fleet(captures, '--out', join(folder, 'by-path'), '--jobs', '1'),
          fleet(...list(), '--out', join(folder, 'here'), '--jobs', '1'),
          startWorker(['--redis', redis.url, '--jobs', '1']),
          startWorker(['--redis', redis.url, '--jobs', '1']),
        ])) as unknown as [Ended, Ended];
        const there = await fleet(...list(), '--out', join(folder, 'there'), '--redis', redis.url);
        expect([by.exitCode, here.exitCode, there.exitCode, there.stderr]).toEqual([0, 0, 0, '']);
        expectSameResults(folder, { here, there }, ['fleet.json', 'hosts.csv', 'report.html'], 'hosts.jsonl');
        expect(rowsOf('here').replaceAll(server.url, captures)).toBe(rowsOf('by-path'));
        expect(server.asked.filter((what) => /^GET \/host2\/kpageflags.gz bytes=0-/.test(what))).toHaveLength(2);
        const again = await fleet(...list(), '--out', join(folder, 'here'), '--resume');
        expect([again.exitCode, again.stdout]).toEqual([0, here.stdout]);
        expect(server.asked.filter((what) => /^GET \/host2\/kpageflags.gz bytes=0-/.test(what))).toHaveLength(2);
      } finally {
        await endWorkers();
        await redis.stop();
      }
    },
    PATIENCE_MS,
  );

  it(
    'goes on past what is not there, not for us, or changes, and says so',
    async () => {
      const looked = new Set<string>();
      server.manners = {
        instead: (path, { method }, response) => {
          if (path.startsWith('/host2/')) return !!response.writeHead(403).end();
          // Between the look of the client and that of whoever does the job.
          if (path !== '/host3/zoneinfo' || method !== 'HEAD' || !looked.has(path)) return looked.add(path).size < 0;
          return !!response.writeHead(200, { ETag: '"another"', 'Content-Length': 7 }).end();
        },
      };
      const urls = [...NAMES, 'none'].map((name) => `${server.url}/${name}/`);
      const { exitCode, stdout } = await fleet(...urls, '--json');
      const { report } = JSON.parse(stdout);
      expect([exitCode, report.hosts]).toEqual([64, 1]);
      const because = Object.fromEntries(
        report.failed.map((row: { host: string; because: string }) => [row.host, row.because]),
      );
      expect(because).toEqual({
        host2: expect.stringMatching(/^http:\S+\/host2\/\S+ cannot be read: its server answers 403/),
        host3: 'it is not what it was when the run began; run again',
        none: expect.stringContaining(`${server.url}/none holds no kpageflags.gz`),
      });
    },
    PATIENCE_MS,
  );

  it(
    'says in a sentence what is wrong with an address or a list',
    async () => {
      const missing = join(folder, 'missing.txt');
      const cases: [readonly string[], string][] = [
        [['http://me:secret@host/a'], 'has a user or a password in it'],
        [['http://host/a?token=secret'], 'has a ? or # in it'],
        [['http://'], "a capture's address is http://host/"],
        [['--list', missing], '--list cannot read'],
        [['--list', folder], 'which is no file'],
        [['--list', `${server.url}/nothing.txt`], 'its server answers 404'],
        [['--list', '/dev/null'], 'which is no file'],
        [[], 'captures are missing'],
      ];
      const ended = await Promise.all(cases.map(([args]) => fleet(...args)));
      for (const [at, { exitCode, stdout, stderr }] of ended.entries()) {
        expect([exitCode, stdout]).toEqual([2, '']);
        expect(stderr).toContain(cases[at]![1]);
        expect(stderr).not.toContain('secret');
        expect(stderr.trim().split('\n')).toHaveLength(1);
      }
    },
    PATIENCE_MS,
  );
});
