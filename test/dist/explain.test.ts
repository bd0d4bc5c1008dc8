import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, ROOT, vacate, vacateAll } from './run-cli.js';

const PINNED = 'test/fixtures/captures/pinned-offline/before-memory32';
const SLAB = 'test/fixtures/captures/fragslab-offline-kernelzone/before-memory36';
const WENT = 'test/fixtures/captures/mixed-offline/before-memory32';
const LOGS = 'test/fixtures/kernel-logs';

/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vacate-explain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A directory with these files, under the name of a capture. */
function directoryWith(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(mkdtempSync(join(folder, 'of-')), name);
  mkdirSync(directory);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  return directory;
}

const dmesg = (name: string) => readFileSync(join(ROOT, LOGS, `${name}.txt`), 'utf8');

interface Told {
  readonly attempts: ReadonlyArray<{
    readonly blocks: readonly number[];
    readonly outcome: string;
    readonly errno: string | null;
    readonly because: string;
    readonly explanation: string;
    readonly pages: ReadonlyArray<Record<string, unknown>>;
    readonly groups: ReadonlyArray<Record<string, unknown>>;
    readonly suppressed: number;
  }>;
  readonly caveats: readonly string[];
}

async function told(...args: readonly string[]): Promise<Told> {
  const ended = await vacate(['explain', ...args, '--json']);
  expect([ended.stderr, ended.exitCode]).toEqual(['', 0]);
  return JSON.parse(ended.stdout);
}

function expectSentence({ stdout, stderr, exitCode }: Ended, says: string, code: number): void {
  expect([stdout, exitCode]).toEqual(['', code]);
  expect(stderr).toContain(says);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
}

describe('vacate explain', () => {
  it(
    'names pinned pages, references against those expected, and who likely holds them',
    async () => {
      const { attempts } = await told(PINNED);
      expect(attempts).toMatchObject([{ blocks: [32], outcome: 'did-not-end', because: 'same-pages-fail' }]);
      expect(attempts[0]!.pages).toHaveLength(10);
      for (const page of attempts[0]!.pages)
        expect(page).toMatchObject({ type: 'anonymous', refcount: 3, mapcount: 1, expected: 2, unexplained: 1 });
      expect(attempts[0]!.groups).toMatchObject([{ verdict: 'short-term-pin', pages: 10 }]);
    },
    PATIENCE_MS,
  );

  it(
    'says it to people, in 80 columns and without colours',
    async () => {
      const { stdout, exitCode } = await vacate(['explain', PINNED]);
      expect(exitCode).toBe(0);
      expect(stdout).not.toContain('\u001b');
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(stdout).toContain('Memory block 32 (0x100000000-0x107ffffff, Movable) did not end');
      expect(stdout).toMatch(/3 references against 2 expected \(1 mapping, 1 of the attempt itself\): 1\s+unexplained/);
      expect(stdout).toContain('0x10057f');
    },
    PATIENCE_MS,
  );

  it(
    'explains a refusal with what the write returned',
    async () => {
      const { attempts } = await told(SLAB);
      expect(attempts).toMatchObject([{ blocks: [36], outcome: 'refused', errno: 'EBUSY', because: 'unmovable-page' }]);
      expect(attempts[0]!.groups).toMatchObject([{ verdict: 'slab', waitingHelps: false }]);
    },
    PATIENCE_MS,
  );

  it(
    'says that an attempt went, if it did',
    async () => {
      expect((await told(WENT)).attempts).toMatchObject([{ blocks: [32], outcome: 'offline', because: 'went' }]);
    },
    PATIENCE_MS,
  );

  it(
    'needs no kpageflags: a log explains itself',
    async () => {
      const directory = directoryWith('before-memory35', { dmesg: dmesg('6.1-journal') });
      const { attempts } = await told(directory);
      expect(attempts).toMatchObject([{ blocks: [35], because: 'same-pages-fail', groups: [{ verdict: 'journal' }] }]);
      expect((await told('--log', `${LOGS}/6.1-journal.txt`)).attempts[0]!.pages).toEqual(attempts[0]!.pages);
    },
    PATIENCE_MS,
  );

  it(
    'explains without a log what the capture shows: holes',
    async () => {
      const directory = directoryWith('before-memory5', {
        error: 'sh: write error: Invalid argument\n',
        block_size_bytes: '8000000\n',
        memory_blocks: 'memory5 online 1 DMA32\n',
        iomem: '00100000-2ffd9fff : System RAM\n',
      });
      const { attempts, caveats } = await told(directory);
      expect(attempts).toMatchObject([{ blocks: [5], outcome: 'refused', errno: 'EINVAL', because: 'memory-holes' }]);
      expect(attempts[0]!.explanation).toContain('38 of its pages');
      expect(caveats.join(' ')).toContain('no dmesg');
    },
    PATIENCE_MS,
  );

  it(
    'explains without a log what the capture shows: pages that never move',
    async () => {
      const directory = directoryWith('before-memory36', { error: 'sh: write error: Device or resource busy\n' });
      for (const file of ['kpageflags.gz', 'kpagecount.gz', 'zoneinfo', 'memory_blocks', 'block_size_bytes', 'iomem'])
        copyFileSync(join(ROOT, SLAB, file), join(directory, file));
      const { attempts } = await told(directory);
      expect(attempts).toMatchObject([{ blocks: [36], because: 'unmovable-page', pages: [] }]);
      expect(attempts[0]!.groups.length).toBeGreaterThan(0);
      // A capture that makes no sense does not keep its log from being read.
      writeFileSync(join(directory, 'kpageflags.gz'), 'spoilt');
      writeFileSync(join(directory, 'dmesg'), dmesg('6.1-slab'));
      const spoilt = await told(directory);
      expect(spoilt.attempts).toMatchObject([{ because: 'unmovable-page', pages: [{ type: 'slab' }] }]);
      expect(spoilt.caveats.join(' ')).toContain('is not gzip');
    },
    PATIENCE_MS,
  );

  it(
    'explains every attempt of a directory of captures that did not go',
    async () => {
      const { attempts } = await told('test/fixtures/captures/pinned-offline');
      expect(attempts).toMatchObject([{ capture: 'before-memory32', blocks: [32] }]);
    },
    PATIENCE_MS,
  );

  it(
    'reads the ring buffer of a host, also of a copied one',
    async () => {
      const root = mkdtempSync(join(folder, 'root-'));
      mkdirSync(join(root, 'dev'));
      const records = dmesg('6.1-pinned').replace(/^\[ +(\d+)\.(\d+)\] /gm, (_, s, us) => `4,${s}${us},${s}${us},-;`);
      writeFileSync(join(root, 'dev/kmsg'), records);
      const { attempts } = await told('live', '--root', root);
      expect(attempts).toMatchObject([
        { blocks: [32], because: 'same-pages-fail', groups: [{ verdict: 'short-term-pin' }] },
      ]);
      writeFileSync(join(root, 'dev/kmsg'), '6,1,5,-;nothing of interest\n');
      const { stdout, exitCode } = await vacate(['explain', 'live', '--root', root]);
      expect([stdout.replace(/\s+/g, ' '), exitCode]).toEqual([expect.stringContaining('tells of no attempt'), 0]);
    },
    PATIENCE_MS,
  );

  it(
    'prints nothing of a log that a terminal would obey',
    async () => {
      const name = '6,1,5,-;page: refcount:3 mapcount:0 mapping:ffff8c4b4157ef58 index:0x1 pfn:0x100123\n';
      const log = `${name}6,2,5,-;aops:ext4_da_aops ino:2f dentry name:"a\u001b[2Jb"\n6,3,5,-;flags: 0x1(uptodate)\n6,4,5,-;page dumped because: migration failure\n`;
      const path = join(folder, 'hostile.txt');
      writeFileSync(path, log);
      const { stdout } = await vacate(['explain', '--log', path]);
      expect(stdout).toContain('"a\\u001b[2Jb"');
      expect(stdout).not.toContain('\u001b');
    },
    PATIENCE_MS,
  );

  it(
    'says what is wrong with what it was given',
    async () => {
      const root = mkdtempSync(join(folder, 'empty-'));
      const cases: ReadonlyArray<readonly [args: readonly string[], says: string, exitCode: number]> = [
        [[], 'say what to explain', 2],
        [['--log', '/no/such'], 'there is no file', 2],
        [['--log', folder], 'is a directory', 2],
        [[folder], 'has no dmesg', 2],
        [['examples/scenarios/two-dimms.yaml'], 'which has no log', 2],
        [[PINNED, '--root', '/'], '--root is for the machine "live"', 2],
        [['live', '--root', root], "the kernel's log cannot be read", 1],
      ];
      const ended = await vacateAll(cases.map(([args]) => ['explain', ...args]));
      for (const [at, [, says, exitCode]] of cases.entries()) expectSentence(ended[at] as Ended, says, exitCode);
    },
    PATIENCE_MS,
  );
});
