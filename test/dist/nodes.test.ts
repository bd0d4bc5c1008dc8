import { describe, expect, it } from '@jest/globals';
import { type Ended, vacate } from './run-cli.js';

const THREE = 'test/fixtures/nodes/three.yaml';
const PLUGINS = './test/dist/plugins';
/** Each run loads the package once for each node, on machines that have other work as well. */
const PATIENCE_MS = 300_000;

const highOrder = ['high-order', THREE, '--order', '6', '--count', '40'];
const offline = ['offline', THREE, '--blocks', '4,13-14'];

const onThreads = (args: readonly string[], ...threads: number[]): Promise<Ended[]> =>
  Promise.all(threads.map((nr) => vacate([...args, '--threads', `${nr}`])));

describe('the nodes of a machine, each in a thread of its own', () => {
  it.each([
    ['free blocks of order 9', highOrder],
    ['memory blocks that go offline', offline],
  ])(
    'come to the same, byte for byte, for any number of threads: %s',
    async (_what, args) => {
      const [one, two, three] = await onThreads([...args, '--json'], 1, 2, 3);
      expect({ exitCode: one!.exitCode, stderr: one!.stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(two).toEqual(one);
      expect(three).toEqual(one);
      const report = JSON.parse(one!.stdout);
      expect(report).toMatchObject({ machine: 'three', outcome: 'done', contentsVerified: { wrong: 0 } });
      expect(report.contentsVerified.pages).toBeGreaterThan(5000);
      const moved = report.nodes.filter(({ pagesMigrated }: { pagesMigrated: number }) => pagesMigrated > 0);
      expect(moved.map(({ name }: { name: string }) => name)).toEqual(['three/node0', 'three/node2']);
    },
    PATIENCE_MS,
  );

  it(
    'say node by node what they did',
    async () => {
      const [{ exitCode, stdout, stderr }] = (await onThreads(highOrder, 2)) as [Ended];
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(/^✓ 40 of 40 blocks of order 6 \(256 KiB\) made on three, by merged\.\n/);
      expect(stdout).toMatch(/\n {2}three\/node0 +\d+ +\d+ +[\d,]+ +\d+ ms\n/);
      expect(stdout).toMatch(/\n✓ All [\d,]+ pages read back what was written to them before the run\.\n$/);
      expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    },
    PATIENCE_MS,
  );

  it(
    'outlive one whose thread ends, which is reported',
    async () => {
      const args = [...highOrder, '--strategy', 'ends-a-node', '--strategy-module', `${PLUGINS}/ends-a-node.mjs`];
      const [one, two] = await onThreads([...args, '--json'], 1, 2);
      expect(one!.exitCode).toBe(1);
      expect(two).toEqual(one);
      const report = JSON.parse(one!.stdout);
      expect(report.outcome).toBe('refused');
      expect(report.nodes.map(({ lost }: { lost: string | null }) => lost)).toEqual([
        null,
        null,
        'its thread ended in the middle of its work, with exit code 7',
      ]);
      expect(report.contentsVerified).toMatchObject({ wrong: 0 });
      const [text] = (await onThreads(args, 2)) as [Ended];
      expect(text.stdout).toContain('✗ three/node2 is lost: its thread ended in the middle of its work');
    },
    PATIENCE_MS,
  );

  it.each([1, 2])(
    'all stop when the user wants it, %i at a time',
    async (nr) => {
      const args = [...offline, '--plugin', `${PLUGINS}/slow.mjs`, '--threads', `${nr}`, '--json'];
      const { exitCode, stdout, stderr } = await vacate(args, { interruptAt: 'the run has begun' });
      expect([exitCode, stdout]).toEqual([130, '']);
      expect(stderr).toMatch(/vacate: interrupted: .*(is in use again|was put back)\n/);
    },
    PATIENCE_MS,
  );

  it(
    'stop when time is up, and say so',
    async () => {
      const [{ exitCode, stdout }] = (await onThreads([...offline, '--timeout', '1ms', '--json'], 2)) as [Ended];
      const { outcome, blocks, refusals } = JSON.parse(stdout);
      expect({ exitCode, outcome }).toEqual({ exitCode: 1, outcome: 'refused' });
      expect(blocks.every(({ state }: { state: string }) => state === 'online')).toBe(true);
      expect(refusals[0].reason).toBe('timeout');
    },
    PATIENCE_MS,
  );

  it.each([
    [['high-order', '.', '--order', '9', '--count', '1', '--threads', '2'], '"." is no scenario; leave it out'],
    [['high-order', 'live', '--threads', '2'], '--threads builds each node of a scenario for itself; leave it out'],
    [
      ['offline', THREE, '--blocks', '8', '--threads', '0'],
      '--threads cannot be "0"; write how many nodes work at a time',
    ],
    [['offline', THREE, '--blocks', '99', '--threads', '2'], 'memory block 99 does not exist on three'],
    [
      ['offline', 'examples/scenarios/two-nodes.yaml', '--blocks', '9', '--threads', '2'],
      'two-nodes/spare: has no memory for the kernel, so it cannot do without the other nodes; give it boot memory',
    ],
  ])(
    'are nothing for: %j',
    async (args, sentence) => {
      const { exitCode, stdout, stderr } = await vacate(args);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(sentence);
    },
    PATIENCE_MS,
  );
});
