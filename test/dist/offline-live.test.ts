import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyTree, put, putBlock, removeTrees, unfoldCapture } from '../unit/linux/trees.js';
import { canLease, Lease } from './lease.js';
import { type Ended, type Manner, vacate } from './run-cli.js';

const PATIENCE_MS = 300_000;
const BLOCKS = [32, 33, 34, 35];
const STATES = 'sys/devices/system/memory';

const leases: Lease[] = [];

afterEach(() => {
  for (const lease of leases.splice(0)) lease.release();
});
afterAll(removeTrees);

const statePath = (root: string, block: number) => join(root, STATES, `memory${block}/state`);
const stateOf = (root: string, block: number) => readFileSync(statePath(root, block), 'utf8').trim();
const statesOf = (root: string) => BLOCKS.map((block) => stateOf(root, block));
const journalOf = (root: string) => {
  const path = join(root, 'var/lib/vacate/journal');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const isAsked = (root: string, block: number) => journalOf(root).includes(`"block":${block},`);

/** Four blocks and no /proc: no forecast, so a run takes no time. Block 33 was in a kernel zone. */
function smallTree(): string {
  const root = emptyTree();
  put(root, { [`${STATES}/block_size_bytes`]: '8000000\n', 'sys/bus/acpi/devices/PNP0C80:00/hid': 'PNP0C80\n' });
  for (const block of BLOCKS) putBlock(root, block, { state: 'online', zones: block === 33 ? 'Normal' : 'Movable' });
  return root;
}

async function lease(root: string, block: number): Promise<Lease> {
  const held = await Lease.on(statePath(root, block));
  leases.push(held);
  return held;
}

const live = (root: string, args: readonly string[], manner: Manner = {}): Promise<Ended> =>
  vacate(['offline', 'live', '--root', root, ...args], manner);
const commitAll = (root: string, args: readonly string[], manner: Manner = {}) =>
  live(root, ['--blocks', '32-35', '--commit', ...args], manner);

/** Everything in a tree: names, contents, times. */
function pictureOf(root: string): string[] {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path} ${statSync(path).mtimeMs} ${readFileSync(path).length}`);
}

describe('vacate offline live', () => {
  it(
    'shows the forecast and the order, and writes nothing without --commit',
    async () => {
      const root = unfoldCapture('mixed-offline/before-memory32', { 'PNP0C80:00': BLOCKS });
      const before = pictureOf(root);
      const text = await live(root, ['--dimm', '0']);
      expect([text.exitCode, text.stderr]).toEqual([0, '']);
      expect(text.stdout).toMatch(/^✓ May go, nothing has been written: blocks 32-35 of guest-7 \(512 MiB\)\n/);
      expect(text.stdout).toMatch(/1\. +\d+ +online +Movable +[\d,]+ +will-go +offline\n/);
      expect(text.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const json = JSON.parse((await live(root, ['--dimm', 'PNP0C80:00', '--json'])).stdout);
      expect(json).toMatchObject({ command: 'offline', outcome: 'planned', committed: false, writes: [] });
      expect([...json.order].sort()).toEqual(BLOCKS);
      expect(json.blocks[0]).toMatchObject({
        block: 32,
        stateBefore: 'online',
        zoneBefore: 'Movable',
        state: 'online',
      });
      expect(pictureOf(root)).toEqual(before);
    },
    PATIENCE_MS,
  );

  it(
    'refuses what cannot work, and writes nothing to the blocks',
    async () => {
      const root = unfoldCapture('fragslab-offline-kernelzone/before-memory36');
      const { stdout, exitCode } = await live(root, ['--blocks', '0,36', '--commit', '--json']);
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        outcome: 'refused',
        committed: false,
        because: expect.stringContaining('will not go'),
        blocks: [
          { block: 0, verdict: 'will-not-go', state: 'online' },
          { block: 36, state: 'online' },
        ],
      });
      expect([stateOf(root, 0), stateOf(root, 36), journalOf(root)]).toEqual(['online', 'online', '']);
    },
    PATIENCE_MS,
  );

  it(
    'writes what chmem writes, the highest first where nothing is known, and brings back the same way',
    async () => {
      const root = smallTree();
      const { stdout, exitCode } = await commitAll(root, ['--json']);
      const json = JSON.parse(stdout);
      expect([exitCode, json.outcome, json.rolledBack, json.settled]).toEqual([0, 'done', null, true]);
      expect(json.writes.map(({ path, word }: { path: string; word: string }) => [path, word])).toEqual(
        [...BLOCKS].reverse().map((block) => [`/${STATES}/memory${block}/state`, 'offline']),
      );
      expect(statesOf(root)).toEqual(['offline', 'offline', 'offline', 'offline']);
      for (const block of BLOCKS) writeFileSync(join(root, STATES, `memory${block}/valid_zones`), 'Normal Movable\n');
      const back = await vacate(['online', 'live', '--root', root, '--range', '0x100000000-0x110000000', '--commit']);
      expect([back.exitCode, back.stderr]).toEqual([0, '']);
      expect(statesOf(root)).toEqual(['online_movable', 'online_movable', 'offline', 'offline']);
      await vacate(['online', 'live', '--root', root, '--blocks', '34,35', '--zone', 'kernel', '--commit']);
      expect(statesOf(root)).toEqual(['online_movable', 'online_movable', 'online_kernel', 'online_kernel']);
    },
    PATIENCE_MS,
  );

  it(
    'keeps what went if that is wanted, and says so by its exit code',
    async () => {
      const root = smallTree();
      writeFileSync(join(root, STATES, 'memory34/valid_zones'), 'none\n');
      const all = await commitAll(root, []);
      expect([all.exitCode, statesOf(root)]).toEqual([1, ['online', 'online', 'online', 'online']]);
      expect(all.stdout).toContain('block 34 will not go');
      expect((await commitAll(root, ['--keep-partial'])).exitCode).toBe(64);
      expect(statesOf(root)).toEqual(['offline', 'offline', 'online', 'offline']);
    },
    PATIENCE_MS,
  );
});

const itLeased = canLease ? it : it.skip;

describe(`a write that does not return${canLease ? '' : ' (skipped: perl, which takes the lease, is not installed)'}`, () => {
  itLeased(
    'is interrupted by the stall rule, and what went is brought back to its zone',
    async () => {
      const root = smallTree();
      await lease(root, 32);
      const { stdout, exitCode } = await commitAll(root, ['--stall', '2s', '--json']);
      const json = JSON.parse(stdout);
      expect([exitCode, json.outcome, json.settled]).toEqual([1, 'stalled', true]);
      expect(statesOf(root)).toEqual(['online', 'online_kernel', 'online_movable', 'online_movable']);
      expect(json.blocks[0]).toMatchObject({ error: 'EINTR', stall: 'not-trying', obstacle: 'stalled' });
      expect(json.rolledBack).toHaveLength(3);
      expect(journalOf(root)).toContain('"outcome":"stalled"');
    },
    PATIENCE_MS,
  );

  itLeased(
    'does not keep the run beyond its time',
    async () => {
      const root = smallTree();
      await lease(root, 33);
      const begun = performance.now();
      const { stdout, exitCode } = await commitAll(root, ['--timeout', '8s', '--stall', '1m', '--json']);
      const seconds = (performance.now() - begun) / 1000;
      expect([exitCode, JSON.parse(stdout).outcome]).toEqual([1, 'timeout']);
      expect(statesOf(root).filter((state) => !state.startsWith('online'))).toEqual([]);
      // The limit, and the 2 s that it may be off.
      expect(seconds).toBeLessThan(8 + 2);
    },
    PATIENCE_MS,
  );

  itLeased(
    'is given up on Ctrl-C, everything is brought back, and a second run must wait',
    async () => {
      const root = smallTree();
      await lease(root, 33);
      let second: Promise<Ended> | null = null;
      let hasSecondEnded = false;
      const first = await commitAll(root, ['--stall', '1m', '--json'], {
        interruptWhen: () => {
          if (!isAsked(root, 33)) return false;
          second ??= commitAll(root, []).finally(() => {
            hasSecondEnded = true;
          });
          return hasSecondEnded;
        },
      });
      expect([first.exitCode, JSON.parse(first.stdout).outcome]).toEqual([130, 'interrupted']);
      expect(statesOf(root)).toEqual(['online', 'online', 'online_movable', 'online_movable']);
      const { exitCode, stderr } = await second!;
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^vacate: another run \(process \d+\) is at work with .*; wait until it has ended\.\n$/);
    },
    PATIENCE_MS,
  );

  itLeased(
    'that fails when three blocks have gone has them brought back',
    async () => {
      const root = smallTree();
      const held = await lease(root, 33);
      const { stdout, exitCode } = await commitAll(root, ['--stall', '1m', '--json'], {
        interruptWhen: () => {
          if (isAsked(root, 33)) {
            rmSync(statePath(root, 32), { force: true });
            held.release();
          }
          return false;
        },
      });
      const json = JSON.parse(stdout);
      expect([exitCode, json.outcome, json.blocks[0].error]).toEqual([1, 'refused', 'ENOENT']);
      expect(BLOCKS.slice(1).map((block) => stateOf(root, block))).toEqual([
        'online_kernel',
        'online_movable',
        'online_movable',
      ]);
    },
    PATIENCE_MS,
  );

  itLeased(
    'leaves memory offline if vacate is killed, which recover brings back; until then no run begins',
    async () => {
      const root = smallTree();
      await lease(root, 33);
      const killed = await commitAll(root, ['--stall', '1m'], {
        signal: 'SIGKILL',
        interruptWhen: () => isAsked(root, 33),
      });
      expect(killed.exitCode).toBeNull();
      expect(statesOf(root)).toEqual(['online', 'online', 'offline', 'offline']);
      const next = await commitAll(root, []);
      expect(next.exitCode).toBe(1);
      expect(next.stderr).toContain('an earlier run was killed and left memory blocks offline (34, 35)');
      const dry = await vacate(['recover', '--root', root, '--dry-run']);
      expect(dry.stdout).toContain('Block 34 would be brought back to zone Movable.');
      expect(statesOf(root)).toEqual(['online', 'online', 'offline', 'offline']);
      const { exitCode, stdout } = await vacate(['recover', '--root', root, '--json']);
      expect([exitCode, JSON.parse(stdout).recovered]).toEqual([0, true]);
      expect(statesOf(root)).toEqual(['online', 'online', 'online_movable', 'online_movable']);
      expect((await vacate(['recover', '--root', root])).stdout).toMatch(/^Nothing to recover: /);
    },
    PATIENCE_MS,
  );
});

describe('vacate offline live --eject', () => {
  it(
    'brings all back if the DIMM does not go',
    async () => {
      const root = unfoldCapture('mixed-offline/before-memory32', { 'PNP0C80:00': BLOCKS });
      rmSync(join(root, 'proc'), { recursive: true });
      put(root, { 'sys/bus/acpi/devices/PNP0C80:00/eject': '' });
      const { stdout, exitCode } = await live(root, ['--dimm', '0', '--commit', '--eject', '--json']);
      const json = JSON.parse(stdout);
      expect([exitCode, json.outcome, json.ejected]).toEqual([1, 'refused', null]);
      expect(json.because).toBe('PNP0C80:00 was asked to be ejected, but its memory blocks are still there after 5 s');
      expect(json.writes.map(({ word }: { word: string }) => word)).toEqual([
        ...BLOCKS.map(() => 'offline'),
        '1',
        ...BLOCKS.map(() => 'online_movable'),
      ]);
    },
    PATIENCE_MS,
  );
});

describe('bad input', () => {
  const cases: readonly (readonly [what: string, args: readonly string[], exitCode: number, says: string])[] = [
    ['no selection', ['offline', 'live'], 2, 'say what goes offline'],
    ['a block that is not there', ['offline', 'live', '--blocks', '7'], 2, 'memory block 7 does not exist'],
    ['a malformed block', ['offline', 'live', '--blocks', '3x'], 2, 'cannot read "3x"'],
    ['a DIMM that is not there', ['offline', 'live', '--dimm', '3'], 2, 'has no DIMM'],
    ['part of a DIMM to eject', ['offline', 'live', '--blocks', '32', '--eject'], 2, '--eject is for a whole DIMM'],
    ['a strategy of ours', ['offline', 'live', '--blocks', '32', '--strategy', 'merged'], 2, 'the kernel does it'],
    ['a limit that is none', ['offline', 'live', '--blocks', '32', '--stall', 'x'], 2, '--stall cannot read "x"'],
    [
      'a zone where a block cannot go',
      ['online', 'live', '--blocks', '33', '--zone', 'movable'],
      2,
      'may go to Normal',
    ],
    ['online of a capture', ['online', 'somewhere', '--blocks', '32'], 2, 'online works on a real host only'],
  ];

  it.each(cases)(
    '%s',
    async (_what, args, exitCode, says) => {
      const root = smallTree();
      writeFileSync(statePath(root, 33), 'offline\n');
      const ended = await vacate([...args, '--root', root]);
      expect([ended.exitCode, ended.stdout]).toEqual([exitCode, '']);
      expect(ended.stderr).toContain(says);
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(journalOf(root)).toBe('');
    },
    PATIENCE_MS,
  );

  it(
    'a kernel without memory blocks',
    async () => {
      const { exitCode, stderr } = await vacate(['offline', 'live', '--blocks', '1', '--root', emptyTree()]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('has no memory blocks');
    },
    PATIENCE_MS,
  );

  it(
    "a journal that is somebody else's",
    async () => {
      const root = smallTree();
      put(root, { 'var/lib/vacate/journal': 'dear diary\n' });
      for (const args of [
        ['recover', '--root', root],
        ['offline', 'live', '--blocks', '32', '--commit', '--root', root],
      ]) {
        const { exitCode, stderr } = await vacate(args);
        expect([exitCode, stateOf(root, 32)]).toEqual([1, 'online']);
        expect(stderr).toMatch(/is damaged, or not a journal of vacate's/);
      }
      expect(journalOf(root)).toBe('dear diary\n');
    },
    PATIENCE_MS,
  );

  it(
    'only with --commit, --stall and the like on a machine that is not live',
    async () => {
      const { exitCode, stderr } = await vacate(['offline', 'x.yaml', '--blocks', '1', '--keep-partial']);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--keep-partial is for the machine "live"')]);
    },
    PATIENCE_MS,
  );
});
