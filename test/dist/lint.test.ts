import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Ended, ROOT, vacate, vacateAll } from './run-cli.js';

const KERNEL = 'test/fixtures/captures/fragslab-offline-kernelzone/before-memory36';
const MOVABLE = 'test/fixtures/captures/mixed-offline/before-memory32';

/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vacate-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A host of two blocks that firmware calls a DIMM, of whose pages nothing is known. */
function hostWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(folder, 'root-'));
  const memory = '/sys/devices/system/memory';
  const all = {
    [`${memory}/block_size_bytes`]: '8000000\n',
    [`${memory}/memory0/state`]: 'online\n',
    [`${memory}/memory0/valid_zones`]: 'DMA32\n',
    [`${memory}/memory32/state`]: 'online\n',
    [`${memory}/memory32/valid_zones`]: 'Normal\n',
    '/proc/meminfo': 'MemAvailable: 100000 kB\nSwapTotal: 1000 kB\nSwapFree: 1000 kB\n',
    '/proc/iomem': '00000000-07ffffff : System RAM\n100000000-107ffffff : System RAM (kmem)\n',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

interface Told {
  readonly findings: ReadonlyArray<{
    readonly id: string;
    readonly severity: string;
    readonly blocks: readonly number[];
  }>;
  readonly unknown: ReadonlyArray<{ readonly missing: readonly string[]; readonly about: string }>;
  readonly wanted: { readonly blocks: readonly number[]; readonly bytes: number | null };
  readonly areDimmsGuessed: boolean;
  readonly caveats: readonly string[];
}

async function told(args: readonly string[], exitCode: number): Promise<Told> {
  const ended = await vacate(['lint', ...args, '--json']);
  expect([ended.stderr, ended.exitCode]).toEqual(['', exitCode]);
  return JSON.parse(ended.stdout);
}

const idsOf = ({ findings }: Told) => findings.map(({ id }) => id);

function expectSentence({ stdout, stderr, exitCode }: Ended, says: string, code: number): void {
  expect([stdout, exitCode]).toEqual(['', code]);
  expect(stderr).toContain(says);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
}

describe('vacate lint', () => {
  it(
    'finds DIMMs that were onlined as kernel memory, and what has got into them',
    async () => {
      const report = await told([KERNEL], 1);
      expect(idsOf(report)).toEqual(
        expect.arrayContaining(['removable-in-kernel-zone', 'kernel-pages-inside', 'holes']),
      );
      expect(report.findings[0]).toMatchObject({ severity: 'problem', blocks: [32, 33, 34, 35, 36, 37, 38, 39] });
      expect(report.findings.find(({ id }) => id === 'kernel-pages-inside')?.blocks).toEqual([32, 36, 37]);
      expect(report.areDimmsGuessed).toBe(true);
    },
    PATIENCE_MS,
  );

  it(
    'finds no problem where they are movable, and says what the capture does not have',
    async () => {
      const report = await told([MOVABLE], 0);
      expect(report.findings.filter(({ severity }) => severity === 'problem')).toEqual([]);
      expect(report.unknown.map(({ missing }) => missing[0])).toContain('/proc/cmdline');
      expect(idsOf(await told([MOVABLE, '--blocks', '1-2'], 1))).toContain('removable-in-kernel-zone');
      expect(idsOf(await told([MOVABLE, '--want', '2GiB'], 1))).toContain('too-little-movable');
      expect(idsOf(await told([MOVABLE, '--want', '1GiB'], 0))).not.toContain('too-little-movable');
    },
    PATIENCE_MS,
  );

  it(
    'takes settings from a capture that has them',
    async () => {
      const directory = join(folder, 'captured');
      cpSync(join(ROOT, MOVABLE), directory, { recursive: true });
      const settings = '/sys/devices/system/memory/auto_online_blocks online_kernel\n/proc/cmdline ro\n';
      writeFileSync(join(directory, 'settings'), settings);
      writeFileSync(join(directory, 'dimms'), 'PNP0C80:00 memory32 memory33 memory34 memory35\n');
      const report = await told([directory], 1);
      expect(idsOf(report)).toContain('auto-online-kernel');
      expect(report.wanted.blocks).toEqual([32, 33, 34, 35]);
      expect(report.areDimmsGuessed).toBe(false);
      expect(report.unknown.map(({ missing }) => missing[0])).not.toContain('/proc/cmdline');
    },
    PATIENCE_MS,
  );

  it(
    'says it to people, in 80 columns but for commands',
    async () => {
      const { stdout, exitCode } = await vacate(['lint', KERNEL]);
      expect(exitCode).toBe(1);
      expect(stdout).not.toContain('\u001b');
      expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('      '))).toEqual([]);
      expect(stdout).toMatch(/^before-memory36: \d+ problems?, \d+ warnings?, \d+ notes?\./);
      expect(stdout).toContain('Not checked');
    },
    PATIENCE_MS,
  );

  it(
    'says what it can of a host whose pages cannot be read',
    async () => {
      const root = hostWith({});
      const report = await told(['live', '--root', root], 1);
      expect(idsOf(report)).toEqual(['removable-in-kernel-zone']);
      expect(report.wanted.blocks).toEqual([32]);
      expect(report.unknown.flatMap(({ missing }) => missing)).toContain('page flags (kpageflags)');
      expect(report.caveats).toEqual([expect.stringContaining('CONFIG_PROC_PAGE_MONITOR')]);
      const spoilt = await told(['live', '--root', hostWith({ '/proc/kpageflags': 'cut' })], 1);
      expect([idsOf(spoilt), spoilt.caveats.length]).toEqual([['removable-in-kernel-zone'], 1]);
      const movable = hostWith({ '/sys/devices/system/memory/memory32/valid_zones': 'Movable\n' });
      expect(idsOf(await told(['live', '--root', movable], 0))).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'finds that a host has no memory blocks at all',
    async () => {
      const root = mkdtempSync(join(folder, 'bare-'));
      expect(idsOf(await told(['live', '--root', root], 1))).toEqual(['no-hot-remove', 'nothing-plugged-in']);
    },
    PATIENCE_MS,
  );

  it(
    'says what is wrong with what it was asked',
    async () => {
      const cases: ReadonlyArray<readonly [args: readonly string[], says: string]> = [
        [[MOVABLE, '--blocks', '99'], 'memory block 99 does not exist'],
        [[MOVABLE, '--dimm', 'x'], 'there is no DIMM "x"'],
        [[MOVABLE, '--dimm', '0', '--blocks', '1'], 'keep one'],
        [[MOVABLE, '--want', 'much'], '--want cannot read "much"'],
        [['/no/such'], 'there is no file or directory'],
      ];
      const ended = await vacateAll(cases.map(([args]) => ['lint', ...args]));
      for (const [at, [, says]] of cases.entries()) expectSentence(ended[at] as Ended, says, 2);
    },
    PATIENCE_MS,
  );
});
