import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emptyTree, put, removeTrees, unfoldCapture } from '../unit/linux/trees.js';
import { type Ended, ROOT, vacate } from './run-cli.js';

const CAPTURE = 'mixed-offline/before-memory32';
/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;
/** So large that a capture of it can be interrupted, and almost nothing on disk. */
const LARGE_BYTES = 512 * 1024 * 1024;
const NOBODY = 65534;

afterAll(removeTrees);

function outside(): string {
  return join(emptyTree(), 'host7');
}

const beside = (out: string) => readdirSync(join(out, '..'));
const linesOf = (text: string) => text.split('\n').slice(0, -1);

function expectSentence({ stdout, stderr, exitCode }: Ended, code: number, says: RegExp): void {
  expect(stderr).toMatch(says);
  expect(linesOf(stderr)).toHaveLength(1);
  expect(stdout).toBe('');
  expect(exitCode).toBe(code);
}

/** A file system with room for less than a capture. */
function mountSmall(directory: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96k', 'tmpfs', directory]).status === 0;
}

const probe = emptyTree();
const canMount = mountSmall(probe);
if (canMount) execFileSync('umount', [probe]);

function largeTree(): string {
  const root = emptyTree();
  for (const name of ['kpageflags', 'kpagecount']) {
    put(root, { [`proc/${name}`]: '' });
    truncateSync(join(root, 'proc', name), LARGE_BYTES);
  }
  return root;
}

describe('vacate capture of a copied tree', () => {
  const root = unfoldCapture(CAPTURE);
  const out = outside();
  let taken: Ended;
  let again: Ended;

  beforeAll(async () => {
    taken = await vacate(['capture', '--out', out, '--root', root]);
    again = await vacate(['capture', '--out', out, '--root', root, '--owners', '--readers', '1', '--json', '--force']);
  }, PATIENCE_MS);

  it('says what was taken, within 80 columns, and nothing else', () => {
    expect(taken).toMatchObject({ exitCode: 0, stderr: '' });
    expect(taken.stdout.replace(/\s+/g, ' ')).toMatch(
      /host7: [\d,]+ pages of Linux 6\.1\S+, read in \d+\.\d s by \d readers? \([\d,]+ pages\/s\), 12 files, [\d.]+ KiB, \d+\.\d s in all\. $/,
    );
    for (const line of linesOf(taken.stdout)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says it as data for programs', () => {
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    const said = JSON.parse(again.stdout);
    expect(said).toMatchObject({ command: 'capture', out, readers: 1, consistency: null });
    expect(said.owners).toEqual({ processes: 0, pages: 0 });
    expect(said.notes).toContain('No process was found to look at: who maps what is not known.');
    const sizes = Object.fromEntries(
      said.files.map((file: { name: string; bytes: number }) => [file.name, file.bytes]),
    );
    expect(sizes['kpageflags.gz']).toBe(readFileSync(join(out, 'kpageflags.gz')).length);
  });

  it(
    'is a machine for every command, the same as the one it was taken of',
    async () => {
      const machines = [
        ['inspect', out],
        ['inspect', `test/fixtures/captures/${CAPTURE}`],
        ['inspect', 'live', '--root', root],
      ];
      const [ours, given, live] = await Promise.all(machines.map((args) => vacate([...args, '--json'])));
      const zones = (answer: Ended | undefined) => {
        expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
        return JSON.parse(answer!.stdout).zones;
      };
      expect(zones(ours)).toEqual(zones(given));
      expect(zones(live)).toEqual(zones(given));
    },
    PATIENCE_MS,
  );
});

describe('vacate capture that does not come to an end', () => {
  it(
    'when interrupted leaves nothing and ends with 130',
    async () => {
      const out = outside();
      const args = ['capture', '--out', out, '--root', largeTree()];
      const ended = await vacate(args, { interruptWhen: () => beside(out).length > 0 });
      expectSentence(ended, 130, /^vacate: interrupted: no capture was left$/m);
      expect(beside(out)).toEqual([]);
    },
    PATIENCE_MS,
  );

  (canMount ? it : it.skip)(
    `${canMount ? '' : '[skipped: nothing can be mounted here] '}for want of space leaves nothing and says so`,
    async () => {
      const small = emptyTree();
      mountSmall(small);
      try {
        const out = join(small, 'host7');
        expectSentence(
          await vacate(['capture', '--out', out, '--root', unfoldCapture(CAPTURE)]),
          1,
          /host7 cannot be written \(ENOSPC\): no space is left there: .* Nothing was left behind\.$/m,
        );
        expect(beside(out)).toEqual([]);
      } finally {
        execFileSync('umount', [small]);
      }
    },
    PATIENCE_MS,
  );

  it(
    'because of how it was asked for says what to write',
    async () => {
      const out = outside();
      mkdirSync(out);
      put(out, { 'thesis.tex': '' });
      const root = unfoldCapture(CAPTURE);
      const cases: readonly [string[], RegExp][] = [
        [['--root', root], /required option '--out <folder>' not specified/],
        [['--root', root, '--out', out], /host7 is not empty; name a new directory, or add --force to replace it$/m],
        [['--root', root, '--out', out, '--force'], /holds "thesis\.tex", which is no file of a capture/],
        [['--root', '/nonexistent', '--out', out], /--root "\/nonexistent" is not there; name one that holds a copy/],
        [['--root', root, '--out', out, '--readers', '3'], /--readers cannot be "3"; write 1 or 2$/m],
      ];
      for (const [args, says] of cases) expectSentence(await vacate(['capture', ...args]), 2, says);
      expect(readdirSync(out)).toEqual(['thesis.tex']);
      expectSentence(
        await vacate(['capture', '--root', out, '--out', join(out, 'x')]),
        1,
        /There is no .*proc\/kpageflags: copy it/,
      );
      expect(readdirSync(out)).toEqual(['thesis.tex']);
    },
    PATIENCE_MS,
  );
});

const isRoot = process.getuid?.() === 0;
const hasPages = spawnSync('head', ['-c', '8', '/proc/kpageflags']).stdout?.length === 8;
/** A checkout below a home directory cannot be run by just anybody. */
const canNobodyRun =
  isRoot && spawnSync('node', ['dist/cli/main.js', '--version'], { cwd: ROOT, uid: NOBODY, gid: NOBODY }).status === 0;

describe('vacate capture of this host', () => {
  (hasPages ? it : it.skip)(
    `${hasPages ? '' : '[skipped: /proc/kpageflags cannot be read here] '}says how far apart its pages are, and whose`,
    async () => {
      const out = outside();
      const { stdout, stderr, exitCode } = await vacate(['capture', '--out', out, '--owners', '--json']);
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      const { pages, consistency, owners } = JSON.parse(stdout);
      expect(gunzipSync(readFileSync(join(out, 'kpageflags.gz'))).length).toBe(8 * pages);
      expect(gunzipSync(readFileSync(join(out, 'pids/pages.gz'))).length).toBe(4 * pages);
      expect(JSON.parse(readFileSync(join(out, 'consistency'), 'utf8'))).toEqual(consistency);
      expect(consistency.sentence).toMatch(
        /^Between the first page and the last, \d+\.\d s, [\d,]+ pages were handed out/,
      );
      expect(owners.processes).toBeGreaterThan(0);
      const mine = linesOf(readFileSync(join(out, 'pids/owners'), 'utf8')).map((line) => JSON.parse(line));
      expect(mine).toContainEqual(expect.objectContaining({ pid: process.pid, mapping: '[heap]' }));
    },
    PATIENCE_MS,
  );

  (canNobodyRun ? it : it.skip)(
    `${canNobodyRun ? '' : '[skipped: nobody else can run this checkout] '}asks for root`,
    async () => {
      const out = outside();
      const args = ['dist/cli/main.js', 'capture', '--out', out];
      const ended = spawnSync('node', args, { cwd: ROOT, uid: NOBODY, gid: NOBODY, encoding: 'utf8' });
      expectSentence(
        { ...ended, exitCode: ended.status },
        1,
        /^vacate: \/proc\/kpageflags cannot be read \(EACCES\): run as root\.$/m,
      );
      expect(beside(out)).toEqual([]);
    },
    PATIENCE_MS,
  );
});
