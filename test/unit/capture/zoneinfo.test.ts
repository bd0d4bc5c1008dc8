import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseZoneinfo } from '../../../src/capture/zoneinfo.js';
import { fixture, refusalOf, removeTemporaryDirectories, Sketch, zoneSection } from './sketch.js';

afterAll(removeTemporaryDirectories);

const KERNEL_ZONE = 'fragslab-offline-kernelzone/before-memory36';

describe('zoneinfo', () => {
  it('gives zones with memory, as a real kernel wrote them', () => {
    const { zones, nrCpus } = parseZoneinfo(readFileSync(join(fixture(KERNEL_ZONE), 'zoneinfo'), 'utf8'));
    expect(nrCpus).toBe(2);
    expect(zones.map(({ kind, start, end }) => [kind, start, end])).toEqual([
      ['DMA', 1, 4096],
      ['DMA32', 4096, 196570],
      ['Normal', 1048576, 1310720],
    ]);
    expect(zones[2]).toMatchObject({
      node: 0,
      watermarks: { min: 10374, low: 12967, high: 15560 },
      counters: { nrManaged: 262144, nrFree: 118759, nrPcp: 5642, nrZspages: 0 },
    });
  });

  it('reads the watermarks, not the limits of per-CPU lists, which have the same names', () => {
    const { zones } = parseZoneinfo(
      readFileSync(join(fixture('mixed-offline-6.12/before-memory32'), 'zoneinfo'), 'utf8'),
    );
    expect(zones[2]?.watermarks).toEqual({ min: 128, low: 3381, high: 6634 });
    expect(zones[2]?.counters?.nrPcp).toBe(1407 + 1663);
  });

  it('gives protection to the zones that the node has, in their order', () => {
    const withoutDma = ['DMA32', 'Normal', 'Movable', 'Device'].map((kind) => zoneSection({ kind, spanned: 0 }));
    const text = [zoneSection({ kind: 'DMA32' }), ...withoutDma.slice(1)].join('').replaceAll(', 5)', ')');
    expect(parseZoneinfo(text).zones[0]?.lowmemReserve).toEqual({ DMA: 0, DMA32: 1, Normal: 2, Movable: 3 });
    const oneSection = zoneSection({ kind: 'DMA32' });
    expect(parseZoneinfo(oneSection).zones[0]?.lowmemReserve).toEqual({ DMA: 1, DMA32: 2, Normal: 3, Movable: 4 });
  });

  it('tells nodes apart', () => {
    const text = [0, 1]
      .map((node) => zoneSection({ kind: 'Normal', node, start: node * 2048, spanned: 2048 }))
      .join('');
    expect(parseZoneinfo(text).zones.map(({ node, start }) => [node, start])).toEqual([
      [0, 0],
      [1, 2048],
    ]);
  });

  it.each([
    ['nothing of it', '', /lists no zone that has memory/],
    ['no zone with memory', zoneSection({ kind: 'Normal', spanned: 0 }), /lists no zone that has memory/],
    ['only memory of devices', zoneSection({ kind: 'Device' }), /lists no zone that has memory/],
    ['a zone of 32-bit kernels', zoneSection({ kind: 'HighMem' }), /has a zone "HighMem", .* on a 64-bit kernel/],
    [
      'no start',
      zoneSection({ kind: 'Normal' }).replace('start_pfn', 'x'),
      /does not say "start_pfn:" of zone "Normal"/,
    ],
    ['no watermark', zoneSection({ kind: 'Normal' }).replace(' min ', ' mean '), /does not say "min" of zone "Normal"/],
  ])('refuses %s', (_, text, because) => {
    const sketch = new Sketch();
    sketch.texts.zoneinfo = text;
    expect(refusalOf(sketch.write())).toMatch(because);
  });
});
