import { fleetReport } from '../../../src/fleet/fleet-report.js';
import { hostOf, needing } from './sketch.js';

const GIB = 2 ** 30;

describe('what is asked of a fleet', () => {
  it('names hosts that can give the size, the cheapest first, and those that cannot, the nearest first', () => {
    const hosts = [
      hostOf('dear', needing(GIB, 500)),
      hostOf('far', needing(GIB / 4, 0)),
      hostOf('near', needing(GIB / 2, 7)),
      hostOf('cheap', needing(GIB, 10)),
    ];
    const { need } = fleetReport(hosts);
    expect(need?.can.map(({ host }) => host)).toEqual(['cheap', 'dear']);
    expect(need?.cannot.map(({ host }) => host)).toEqual(['near', 'far']);
    expect([need?.askedBytes, need?.bytesToMove]).toEqual([GIB, 510]);
  });

  it('asks for nothing if nobody was asked', () => {
    expect(fleetReport([hostOf('a')]).need).toBeNull();
  });

  it('adds up huge pages, and counts hosts without a free one', () => {
    const report = fleetReport([
      hostOf('a', { hugePages2M: { places: 10, stuck: 4, free: 0 } }),
      hostOf('b', { hugePages2M: { places: 30, stuck: 6, free: 3 } }),
    ]);
    expect(report.hugePages2M).toEqual({
      ...{ places: 40, stuck: 10, free: 3, hostsWithoutFree: 1 },
      ...{ bytesStuck: 10 * 2 ** 21, shareStuck: 0.25 },
    });
    expect(report.hugePages1G).toMatchObject({ shareStuck: 0, hostsWithoutFree: 2 });
  });

  it('adds up reasons over hosts, and one-way doors, the largest first', () => {
    const slab = { reason: 'slab', kind: 'permanent', pages: 5, blocks: 2 } as const;
    const report = fleetReport([
      hostOf('a', { oneWayDoors: [1], reasons: [slab] }),
      hostOf('b', { oneWayDoors: [3, 4], reasons: [slab, { ...slab, reason: 'reserved', pages: 11 }] }),
    ]);
    expect(report.reasons).toEqual([
      { reason: 'reserved', kind: 'permanent', pages: 11, blocks: 2, hosts: 1 },
      { reason: 'slab', kind: 'permanent', pages: 10, blocks: 4, hosts: 2 },
    ]);
    expect(report.oneWayDoors).toMatchObject({ blocks: 3, bytes: 3 * 2 ** 27 });
    expect(report.oneWayDoors.hosts.map(({ host }) => host)).toEqual(['b', 'a']);
  });

  it('is the same in whichever order rows come, and knows who could not be asked', () => {
    const rows = [
      hostOf('b', needing(GIB, 1)),
      hostOf('a', needing(GIB, 1)),
      { host: 'c', where: 'c', because: 'torn' },
    ];
    const report = fleetReport(rows);
    expect(fleetReport([...rows].reverse())).toEqual(report);
    expect([report.hosts, report.failed.map(({ host }) => host)]).toEqual([2, ['c']]);
  });
});
