import { describe, expect, it } from '@jest/globals';
import { kernelSaid } from '../../../src/forecast/index.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { zoneSection } from '../capture/sketch.js';

const said = (texts: Record<string, string>) => kernelSaid({} as MachineImage, { text: (name) => texts[name] ?? null });

const MOVABLE = { node: 0, kind: 'Movable' } as const;

describe('what a kernel said', () => {
  it('adds up what it counts', () => {
    const { nrPinned, nrScanned } = said({
      vmstat:
        'pgscan_kswapd 3\npgscan_direct 4\npgscan_direct_throttle 90\nnr_foll_pin_acquired 24576\nnr_foll_pin_released 12288\n',
    });
    expect([nrPinned, nrScanned]).toEqual([12_288, 7]);
  });

  it('is null where it said nothing, or nothing that makes sense', () => {
    const nothing = {
      nrPinned: null,
      nrScanned: null,
      nrHugeReserved: null,
      hasMemmapOnMemory: null,
      systemRam: null,
    };
    expect(said({})).toMatchObject(nothing);
    const noise = '\u001b[31m nr_foll_pin_acquired\u0000 -4\npgscan_kswapd x\n0-zz : System RAM\n';
    expect(said({ vmstat: noise, meminfo: noise, iomem: noise, settings: noise })).toMatchObject(nothing);
    expect(said({}).unmarkedIn(MOVABLE)).toBeNull();
  });

  it('takes a counter that wrapped or was read in between for no pins', () => {
    expect(said({ vmstat: 'nr_foll_pin_acquired 5\nnr_foll_pin_released 9\n' }).nrPinned).toBe(0);
  });

  it('counts whole pages of System RAM, wherever it lies', () => {
    const iomem = [
      '00001000-0009fbff : System RAM',
      '100000000-13fffffff : System RAM',
      '  100000000-100ffffff : Kernel code',
      '180000000-1ffffffff : CXL Window 0',
      '  180000000-18fffffff : System RAM (kmem)',
    ].join('\n');
    expect(said({ iomem }).systemRam).toEqual([
      { start: 0x1, end: 0x9f },
      { start: 0x100000, end: 0x140000 },
      { start: 0x180000, end: 0x190000 },
    ]);
  });

  it('knows how many pages of a zone may carry no flag', () => {
    const zoneinfo = zoneSection({ kind: 'Movable', pcp: 5, zspages: 33 });
    expect(said({ zoneinfo }).unmarkedIn(MOVABLE)).toEqual({ onLists: 5, churn: 0, zspages: 33 });
    const batched = zoneinfo.replaceAll('high:  45', 'high:  45\n              batch: 7');
    expect(said({ zoneinfo: batched }).unmarkedIn(MOVABLE)).toMatchObject({ churn: 28 });
    expect(said({ zoneinfo }).unmarkedIn({ node: 1, kind: 'Movable' })).toBeNull();
  });
});
