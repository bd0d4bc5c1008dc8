import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { emptyTree, put, putBlock, removeTrees, unfoldCapture } from '../unit/linux/trees.js';
import { canLease, Lease } from './lease.js';
import { vacate } from './run-cli.js';

/* Runs on hosts (copied trees), written down with --record: what vacate replay shows of them. */

const PATIENCE_MS = 300_000;
jest.setTimeout(PATIENCE_MS);
const MIXED = 'mixed-offline/before-memory32';
const DIMM = { 'PNP0C80:00': [32, 33, 34, 35] };
const itLeased = canLease ? it : it.skip;

const leases: Lease[] = [];
afterEach(() => {
  for (const lease of leases.splice(0)) lease.release();
});
afterAll(removeTrees);

const statePath = (root: string, block: number) => join(root, `sys/devices/system/memory/memory${block}/state`);
const stateOf = (root: string, block: number) => readFileSync(statePath(root, block), 'utf8').trim();
const replayed = async (path: string) => {
  const { exitCode, stdout, stderr } = await vacate(['replay', path, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

interface Told {
  readonly kind: string;
  readonly block?: number;
  readonly state?: number;
  readonly outcome?: string;
}
const statesTold = (events: readonly Told[]) =>
  events.filter(({ kind }) => kind === 'block-state').map(({ block, state }) => [block, state]);

describe('a run on a host that is recorded', () => {
  it('tells the states of blocks, and how memory was before and after; its report has both maps', async () => {
    const root = unfoldCapture(MIXED, DIMM);
    const record = join(root, 'live.run');
    const html = join(root, 'live.html');
    const common = ['offline', 'live', '--root', root, '--blocks', '34,35', '--commit', '--json'];
    const { exitCode, stderr } = await vacate([...common, '--record', record, '--html', html]);
    expect([exitCode, stderr]).toEqual([0, '']);
    const { header, rangeEvents, end, at, isCutOff } = await replayed(record);
    const { machine } = header;
    expect([machine.source, machine.name, end.outcome, isCutOff, at.hash]).toEqual([
      ...['live', 'guest-7', 'done', false],
      end.hash,
    ]);
    expect(rangeEvents[0]).toMatchObject({ kind: 'run-started', strategy: "the kernel's own" });
    expect(new Set(statesTold(rangeEvents).map(([block]) => block))).toEqual(new Set([34, 35]));
    expect(rangeEvents.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'done' });
    const page = await vacate(['replay', record]);
    expect(page.stdout).toMatch(/ 35 │ +offline +│/);
    const report = readFileSync(html, 'utf8');
    expect(report).toContain('aria-label="Map, Before, by');
    expect(report).toContain('aria-label="Map, After, by');
    expect(report).toContain('<h1>Offline: blocks 34-35 of guest-7 (256 MiB)</h1>');
  });

  itLeased('tells what was given up, and why, and what was brought back', async () => {
    const root = unfoldCapture(MIXED, DIMM);
    const record = join(root, 'live.run');
    leases.push(await Lease.on(statePath(root, 34)));
    const args = ['--blocks', '34,35', '--commit', '--stall', '1s', '--record', record];
    const { exitCode } = await vacate(['offline', 'live', '--root', root, ...args]);
    expect(exitCode).toBe(1);
    const { rangeEvents, end } = await replayed(record);
    expect(end.outcome).toBe('stalled');
    const refused = rangeEvents.find(({ kind }: Told) => kind === 'refused');
    expect(refused).toMatchObject({ range: { start: 34 * 32_768, end: 35 * 32_768 } });
    expect(refused.reason).toMatch(/^stalled: no page has left for 1 s/);
    expect(stateOf(root, 35)).toMatch(/^online/);
    expect(rangeEvents.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'refused' });
  });

  it('may be one that brings blocks online, or compacts, with or without pages to be seen', async () => {
    const blind = emptyTree();
    put(blind, { 'sys/devices/system/memory/block_size_bytes': '8000000\n' });
    putBlock(blind, 33, { state: 'offline', zones: 'Normal Movable' });
    const online = join(blind, 'online.run');
    await vacate(['online', 'live', '--root', blind, '--blocks', '33', '--commit', '--record', online]);
    const { rangeEvents, end } = await replayed(online);
    expect([end.outcome, statesTold(rangeEvents)]).toEqual(['done', [[33, 1]]]);
    const root = unfoldCapture(MIXED, DIMM);
    put(root, { 'proc/sys/vm/compact_memory': '' });
    const compacted = join(root, 'compacted.run');
    const compaction = await vacate(['high-order', 'live', '--root', root, '--commit', '--record', compacted]);
    expect([compaction.exitCode, compaction.stderr]).toEqual([0, '']);
    const run = await replayed(compacted);
    expect(run.rangeEvents.map(({ kind }: Told) => kind)).toEqual(['run-started', 'run-finished']);
    expect(run.at.counters.freePages).toBeGreaterThan(0);
  });

  it.each([
    [['offline', 'live', '--blocks', '32', '--html', 'x.html'], '--html shows what a run does, and without --commit'],
    [['high-order', 'live', '--record', 'x.run'], '--record shows what a run does, and without --commit'],
    [['inspect', 'live', '--record', 'x.run'], "unknown option '--record'"],
  ])('is refused by a sentence where nothing would be done (%#)', async (args, because) => {
    const { exitCode, stdout, stderr } = await vacate(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(because);
  });
});
