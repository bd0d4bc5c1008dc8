import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { readCapture } from '../../../src/capture/index.js';
import type { Context } from '../../../src/cli/context.js';
import { Interrupted, Interrupts } from '../../../src/cli/interrupts.js';
import { compactionOutlook, type Outlook, type OutlookRequest } from '../../../src/cli/live/high-order-live-outlook.js';
import { createPalette } from '../../../src/cli/palette.js';
import { Progress } from '../../../src/cli/progress.js';
import { Surface } from '../../../src/cli/surface.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import type { Machine } from '../../../src/sim/machine.js';
import { PLUGINS, SEED, smallMachine, zone } from '../sim/small-machine.js';
import { holey } from '../strategies/holey.js';

const CAPTURES = fileURLToPath(new URL('../../fixtures/captures', import.meta.url));

/** Captures take seconds, and whoever tests has other things to do. */
jest.setTimeout(300_000);

function contextOf(interrupts = new Interrupts()): Context {
  const palette = createPalette(false);
  const silent = () => {};
  return {
    palette,
    progress: new Progress(process.stderr),
    interrupts,
    surface: new Surface(process.stderr, (text) => text),
    isWatched: false,
    rows: 0,
    columns: 80,
    print: silent,
    note: silent,
  };
}

function outlookOf(machine: Machine, request: Partial<OutlookRequest> = {}, context = contextOf()): Promise<Outlook> {
  return compactionOutlook(context, machine, {
    order: 9,
    count: 'all',
    node: null,
    leavesUnevictable: false,
    pageTypes: PLUGINS,
    deadline: Number.POSITIVE_INFINITY,
    ...request,
  });
}

const machineOf = (capture: string) => machineFromImage(readCapture(join(CAPTURES, capture)));

function rowsOf(file: string): Record<string, number>[] {
  const [heading = '', ...lines] = readFileSync(join(CAPTURES, file), 'utf8').trim().split('\n');
  const columns = heading.split('\t');
  return lines.map((line) => Object.fromEntries(line.split('\t').map((value, i) => [columns[i]!, Number(value)])));
}

const sum = (outlook: Outlook, value: (zone: Outlook['zones'][number]) => number) =>
  outlook.zones.reduce((all, z) => all + value(z), 0);

describe('what compaction would give and cost', () => {
  it.each(['frag-compact', 'skew-compact-6.12'])('%s: as that kernel then did', async (name) => {
    const outlook = await outlookOf(machineOf(`${name}/before-compact`));
    const kernel = rowsOf(`${name}/compact.tsv`)[0]!;
    const offBy = (ours: number, theirs: number) => Math.abs(ours / theirs - 1);
    expect(
      offBy(
        sum(outlook, (z) => z.pagesMigrated),
        kernel.migrated!,
      ),
    ).toBeLessThan(0.01);
    expect(
      offBy(
        sum(outlook, (z) => z.freeAfter),
        kernel.order9_after!,
      ),
    ).toBeLessThan(0.05);
    expect(outlook.lowerBound).toBeLessThanOrEqual(sum(outlook, (z) => z.pagesMigrated));
    expect(outlook.blocks.afterCompaction).toBeLessThanOrEqual(sum(outlook, (z) => z.freeAfter));
    for (const { census, freeBefore } of outlook.zones) expect(census.free).toBeLessThanOrEqual(freeBefore);
  });

  it('skew-huge: nr_hugepages gets what the forecast promises', async () => {
    const { asked, got } = rowsOf('skew-huge/huge.tsv').at(-1)!;
    const { blocks } = await outlookOf(machineOf('skew-huge/before-huge'), { count: asked! });
    expect(blocks.now).toBeLessThan(asked!);
    expect(blocks.direct!.got).toBe(got);
    expect(blocks.afterCompaction).toBeGreaterThanOrEqual(got!);
  });

  it('says of a wish that comes true without it that nothing has to move', async () => {
    const { blocks } = await outlookOf(smallMachine({ pages: 4096 }), { count: 2 });
    expect(blocks.direct).toEqual({ got: 2, pagesMigrated: 0, because: null });
  });

  it('says why there are no more, and asks each question of the machine as it was found', async () => {
    const [first, again] = [await outlookOf(holey(4096, SEED)), await outlookOf(holey(4096, SEED), { count: 100 })];
    expect(again.zones).toEqual(first.zones);
    expect(again.best).toEqual(first.best);
    expect(first.blocks.direct).toBeNull();
    expect(again.blocks.direct!.got).toBeLessThan(100);
    expect(again.blocks.direct!.because).toMatch(/^[a-z].*[^.]$/);
  });

  it('is about one node if that is asked', async () => {
    const zones = [zone('Normal', 0, 2048, 8, 0), zone('Normal', 2048, 4096, 8, 1)];
    const outlook = await outlookOf(smallMachine({ pages: 4096, zones }), { node: 1 });
    expect(outlook.zones.map(({ node }) => node)).toEqual([1]);
    expect(outlook.blocks.now).toBe(3);
    expect(sum(outlook, ({ freeBefore }) => freeBefore)).toBe(4);
    await expect(outlookOf(smallMachine({ pages: 4096, zones }), { node: 7 })).rejects.toThrow(
      /^--node 7 is no node with memory of .*; it has 0, 1$/,
    );
  });

  it('leaves mlocked pages where the kernel does', async () => {
    expect((await outlookOf(holey(4096, SEED), { leavesUnevictable: true })).strategy).toContain('leave-unevictable');
  });

  it('ends when time is up or the user wants it to', async () => {
    const late = outlookOf(holey(4096, SEED), { deadline: performance.now() });
    await expect(late).rejects.toThrow(/time was up before the forecast was done, and nothing was changed/);
    const interrupts = new Interrupts();
    interrupts.install();
    process.emit('SIGINT');
    await expect(outlookOf(holey(4096, SEED), {}, contextOf(interrupts))).rejects.toThrow(Interrupted);
    interrupts.remove();
  });
});
