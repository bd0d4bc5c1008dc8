import { describe, expect, it } from '@jest/globals';
import { readCapture } from '../../../src/capture/index.js';
import type { FreeMemory } from '../../../src/host/free-memory.js';
import { KERNEL_ONLY } from '../../../src/linux/host/host-verbs.js';
import { ImageHost } from '../../../src/linux/host/image-host.js';
import { LinuxHost } from '../../../src/linux/host/linux-host.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { NR_PAGE_ORDERS } from '../../../src/mm/units.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { fixture } from '../capture/sketch.js';

const image = readCapture(fixture('fragslab-offline-kernelzone/before-memory36'));

/** What the free lists hold: by zone and order, how many blocks and which. */
function listsOf(free: FreeMemory, { zones }: MachineImage) {
  return zones.map((_, zone) => ({
    nrPages: free.nrPages(zone),
    min: free.watermark(zone, 'min', 'Movable'),
    blocks: Array.from({ length: NR_PAGE_ORDERS }, (_, order) => [...free.blocks(zone, order)].sort((a, b) => a - b)),
    numbers: Array.from({ length: NR_PAGE_ORDERS }, (_, order) => free.nrBlocks(zone, order)),
    movable: free.nrBlocks(zone, 0, 1),
    first: [...free.atEnd(zone, 3, 'first', 2)],
  }));
}

describe('a machine as it was read', () => {
  const host = new ImageHost(image);

  it('has the free memory of a host that was read', () => {
    expect(listsOf(host.free, image)).toEqual(listsOf(new LinuxHost(new LinuxTree('/nowhere'), image).free, image));
    expect(host.roomOutside([{ start: 0, end: 40_000 }])).toEqual(
      new LinuxHost(new LinuxTree('/nowhere'), image).roomOutside([{ start: 0, end: 40_000 }]),
    );
  });

  it('has the blocks, zones, pageblocks and swap of the simulated machine', () => {
    const simulated = new SimHost(machineFromImage(image));
    expect([host.swap.slots, host.swap.used]).toEqual([simulated.swap.slots, simulated.swap.used]);
    for (let pfn = 0; pfn < image.nrPfns; pfn += 512) {
      expect(host.zoneOf(pfn)).toBe(simulated.zoneOf(pfn));
      expect(host.free.migratetype(pfn)).toBe(simulated.free.migratetype(pfn));
      expect(host.free.blockOrder(pfn)).toBe(simulated.free.blockOrder(pfn));
      const block = Math.floor(pfn / image.blockPages);
      expect(host.blockState(block)).toBe(simulated.blockState(block));
    }
  });

  it('works references out for the pages that are shown, and leaves the image as it was', () => {
    const whole = new LinuxHost(new LinuxTree('/nowhere'), image).columns;
    const mapcounts = image.mapcounts.slice();
    const [start, end] = [0x2000, 0x3000];
    host.show({ start, end });
    expect(host.columns.count.subarray(start, end)).toEqual(whole.count.subarray(start, end));
    expect(host.columns.count[start - 1]).toBe(0);
    expect(image.mapcounts).toEqual(mapcounts);
  });

  it('can only be looked at', () => {
    for (const path of Object.keys(KERNEL_ONLY)) {
      const [verb = '', ...rest] = path.split('.').reverse();
      const of = (rest[0] === undefined ? host : host[rest[0] as 'free']) as unknown as Record<string, () => unknown>;
      expect(() => of[verb]!()).toThrow(`A real kernel cannot be asked for "${path}"`);
    }
    expect(() => host.offlineBlock()).toThrow('is shown as it was read');
    expect(() => host.onlineBlock()).toThrow('work on a simulated copy');
    expect(host.validate()).toEqual([]);
  });
});
