import { jest } from '@jest/globals';
import { DUMPS, expectedOf, put, removeTrees, unfoldCapture, unfoldDump } from '../unit/linux/trees.js';
import { vacate } from './run-cli.js';

/* `vacate inspect live` through the built command line, on copies of hosts. */

/** Other tests share the processors. */
jest.setTimeout(300_000);

afterAll(removeTrees);

const inspect = (root: string, ...options: string[]) => vacate(['inspect', 'live', '--root', root, ...options]);

describe.each(DUMPS)('the memory blocks of %s', (name) => {
  it('are those of lsmem, in every column', async () => {
    const { exitCode, stdout, stderr } = await inspect(unfoldDump(name), '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const report = JSON.parse(stdout);
    const { memory, blocks } = expectedOf(name);
    expect(report.memory).toEqual(memory);
    const columns = ({ range, size, state, removable, block, node, zones }: Record<string, unknown>) => ({
      ...{ range, size, state, removable, node, zones },
      block: `${block}`,
    });
    expect(report.blocks.map(columns)).toEqual(blocks);
    expect(report.caveats).toEqual([expect.stringContaining('/proc/kpageflags is not there')]);
  });

  it('fit 80 columns', async () => {
    const { stdout } = await inspect(unfoldDump(name));
    const lines = stdout.split('\n').filter((line) => !line.includes('/proc/'));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContain('Memory');
  });
});

describe('a host with pages', () => {
  it('shows them as a capture of it would, and the DIMMs of its firmware', async () => {
    const root = unfoldCapture('mixed-offline/before-memory32', { 'PNP0C80:00': [32, 33, 34, 35] });
    const { exitCode, stdout } = await inspect(root, '--json');
    expect(exitCode).toBe(0);
    const live = JSON.parse(stdout);
    const capture = JSON.parse(
      (await vacate(['inspect', 'test/fixtures/captures/mixed-offline/before-memory32', '--json'])).stdout,
    );
    expect(live).toMatchObject({ machine: 'guest-7', source: 'live', seed: null, blockPages: 32_768 });
    expect(live.dimms.map(({ name }: { name: string }) => name)).toEqual(['PNP0C80:00']);
    expect(live.memory).toEqual(capture.memory);
    expect(live.zones).toEqual(capture.zones);
    const without = ({ dimm: _, ...block }: Record<string, unknown>) => block;
    expect(live.blocks.map(without)).toEqual(capture.blocks.map(without));
    expect(capture.memory[0]).toEqual({
      range: '0x0000000000000000-0x0000000007ffffff',
      size: 134_217_728,
      state: 'online',
      removable: true,
      block: '0',
      node: 0,
      zones: 'None',
    });
  });

  it('of 16 KiB has its blocks shown, and a sentence about the rest', async () => {
    const root = unfoldCapture('mixed-offline/before-memory32');
    put(root, { 'proc/self/smaps': 'KernelPageSize:       16 kB\n' });
    const { exitCode, stdout } = await inspect(root);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('This host has pages of 16 KiB, and only those of 4 KiB can be handled');
    expect(stdout).toContain('guest-7, a host: 1.8 GiB online');
  });
});

it('a scenario has the same columns', async () => {
  const { stdout } = await vacate(['inspect', 'examples/scenarios/two-dimms.yaml', '--json']);
  const { memory, blocks, blockBytes, onlineBytes } = JSON.parse(stdout);
  expect(blocks[0]).toMatchObject({ block: 0, size: blockBytes, state: 'online', removable: true, node: 0 });
  expect(memory.reduce((sum: number, { size }: { size: number }) => sum + size, 0)).toBe(onlineBytes);
  expect(Object.keys(memory[0])).toEqual(['range', 'size', 'state', 'removable', 'block', 'node', 'zones']);
});

it.each([
  [
    ['inspect', 'live', '--root', '/no/such/root'],
    2,
    '--root "/no/such/root" is not there; name one that holds a copy',
  ],
  [['inspect', 'examples/scenarios/two-dimms.yaml', '--root', '.'], 2, '--root is for the machine "live", not for'],
  [['inspect', 'live', '--root', 'examples'], 1, 'has no memory blocks: this kernel is built without memory hotplug'],
])('%j ends with a sentence', async (args, exitCode, says) => {
  const ended = await vacate(args);
  expect(ended).toMatchObject({ exitCode, stdout: '' });
  expect(ended.stderr).toContain(says);
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
});
