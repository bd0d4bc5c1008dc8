import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { RmapVisit } from '../../../src/host/memory-host.js';
import { PG_DIRTY } from '../../../src/mm/page-flags.js';
import { ACCESS_BLOCKED, readPage } from '../../../src/sim/access.js';
import { forkProcess, setLocked, zapPte } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from '../../../src/sim/writeback.js';
import { startingOrders } from '../../../src/strategies/high-order/tosatti/coalesce.js';
import { deviationsOf, SWITCH_NAMES, type Switch } from '../../../src/strategies/high-order/tosatti/switches.js';
import { Tosatti } from '../../../src/strategies/high-order/tosatti/tosatti.js';
import { writeToSwap } from '../migration/cast.js';
import { fileProcess, get, put, settle, smallMachine, zone } from '../sim/small-machine.js';
import { type Play, play, Stage } from './stage.js';

const FOR_EVER = Number.MAX_VALUE;
const CAPACITY = { tables: 64 };

/** Holes from 513 on; whatever the test puts is below. */
function stage(): Stage {
  return new Stage(smallMachine({ pages: 1536, capacity: CAPACITY }), { room: 513, tables: 1024 });
}

interface Options {
  readonly order?: number;
  readonly count?: number | 'all';
  readonly host?: SimHost;
  /** Virtual pages that a test takes away meanwhile. */
  readonly loses?: number;
}

function run(m: Machine, switches: readonly Switch[], options: Options = {}): Play {
  const { order = 4, count = 1, host, loses } = options;
  return play(m, (service, events) => new Tosatti(service, events), { order, count, switches }, { host, loses });
}

/** A free block [64, 72), and eight pages of a process that fill the range of order 4. */
function half(): Stage {
  const s = stage();
  s.anons(72, 80);
  s.free(64, 72);
  return s;
}

describe('order-underflow', () => {
  it.each([1, 2])('order %i is never tried', (order) => {
    const scene = (): Machine => {
      const s = stage();
      s.anons(64 + 2 ** (order - 1), 64 + 2 ** order);
      s.free(64, 64 + 2 ** (order - 1));
      return s.m;
    };
    expect(run(scene(), [], { order }).result).toMatchObject({ made: 1, outcome: 'done' });
    expect(run(scene(), ['order-underflow'], { order }).result).toMatchObject({ made: 0, pagesMigrated: 0 });
  });

  it('leaves order 3 and above alone', () => {
    const intended = deviationsOf('intended', []);
    const wraps = deviationsOf('intended', ['order-underflow']);
    for (const order of [3, 4, 9]) expect(startingOrders(order, wraps)).toEqual(startingOrders(order, intended));
    expect(startingOrders(9, intended)).toEqual([8, 7, 6]);
    expect(startingOrders(2, intended)).toEqual([1, 0]);
    expect(startingOrders(2, wraps)).toEqual([]);
  });
});

describe('two-levels-only', () => {
  const scene = (): Machine => {
    const s = stage();
    s.anons(66, 80);
    s.free(64, 66);
    return s.m;
  };

  it('does not start from a block of three orders less', () => {
    expect(run(scene(), []).result).toMatchObject({ made: 1, pagesMigrated: 14 });
    expect(run(scene(), ['two-levels-only']).result).toMatchObject({ made: 0, pagesMigrated: 0 });
  });
});

describe('n-minus-one-cannot-succeed', () => {
  it('takes no step forwards from the lower half', () => {
    expect(run(half().m, []).result).toMatchObject({ made: 1, pagesMigrated: 8 });
    expect(run(half().m, ['n-minus-one-cannot-succeed']).result).toMatchObject({ made: 0, pagesMigrated: 0 });
  });
});

describe('counter-never-reset', () => {
  const scene = (): Machine => {
    const s = stage();
    s.anons(72, 76);
    s.anons(104, 108);
    s.free(64, 72);
    s.free(96, 104);
    return s.m;
  };

  it('adds up two halves of different blocks', () => {
    const meant = run(scene(), []);
    expect(meant.result).toMatchObject({ made: 0, outcome: 'refused' });
    expect(meant.told).not.toHaveProperty('false-success');
    const { result, told } = run(scene(), ['counter-never-reset']);
    expect(result).toMatchObject({ made: 0, pagesMigrated: 8, ranges: [] });
    expect(told['false-success']).toBe(16);
  });
});

describe('no-alignment', () => {
  const scene = (): Machine => {
    const s = stage();
    s.anons(56, 64);
    s.free(64, 72);
    return s.m;
  };

  it('vacates a run that buddy cannot merge', () => {
    const meant = run(scene(), []);
    expect(meant.result).toMatchObject({ made: 0, pagesMigrated: 0 });
    expect(meant.told).not.toHaveProperty('false-success');
    const { result, told } = run(scene(), ['no-alignment']);
    expect(result).toMatchObject({ made: 0, pagesMigrated: 8 });
    expect(told['false-success']).toBe(16);
  });
});

describe('no-zone-check', () => {
  it('moves pages of the zone below, which no block of its own can use', () => {
    const scene = (): Machine => {
      const zones = [zone('Normal', 0, 1536), zone('Movable', 1536, 4096)];
      const s = new Stage(smallMachine({ pages: 4096, zones, capacity: CAPACITY }), { room: 513, tables: 0 });
      s.anons(1528, 1536);
      s.free(1536, 2048);
      s.holes(3001);
      return s.m;
    };
    const meant = run(scene(), [], { order: 10 });
    expect(meant.result).toMatchObject({ made: 0, pagesMigrated: 0 });
    expect(meant.told).toMatchObject({ 'out-of-zone': 1 });
    expect(meant.told).not.toHaveProperty('outside-zone');
    const { result, told } = run(scene(), ['no-zone-check'], { order: 10 });
    expect(result).toMatchObject({ made: 0, pagesMigrated: 8 });
    expect(told['outside-zone']).toBe(9);
  });

  it('looks at what lies before the memory map', () => {
    const scene = (): Machine => {
      const s = stage();
      s.free(0, 8);
      return s.m;
    };
    expect(run(scene(), ['no-alignment']).told).not.toHaveProperty('outside-memory-map');
    expect(run(scene(), ['no-alignment', 'no-zone-check']).told).toHaveProperty('outside-memory-map', 1);
  });
});

describe('unlocked-list-walk', () => {
  /** No hole but the blocks themselves: the pages around the first one move into the second. */
  const scene = (): Machine => {
    const s = stage();
    s.anons(72, 79);
    s.anons(136, 144);
    s.fill();
    s.free(256, 264);
    s.free(288, 296);
    s.free(320, 328);
    s.free(128, 136);
    s.free(64, 72);
    return s.m;
  };

  it('goes on from a block that its own targets were taken from', () => {
    const meant = run(scene(), []);
    expect(meant.told).not.toHaveProperty('stale-list-entry');
    expect(meant.told).not.toHaveProperty('sleep-in-atomic');
    expect(meant.told).not.toHaveProperty('false-success');
    const { result, told } = run(scene(), ['unlocked-list-walk']);
    expect(told['stale-list-entry']).toBeGreaterThan(0);
    expect(told['sleep-in-atomic']).toBe(result.pagesMigrated);
    expect(told['false-success']).toBe(16);
    expect(result.made).toBe(0);
  });
});

describe('target-not-excluded', () => {
  it('fills each vacated page with its neighbour', () => {
    const meant = run(half().m, []);
    expect(meant.result.made).toBe(1);
    for (const target of meant.result.moved.targets) expect(target).toBeGreaterThan(512);
    const { result, told } = run(half().m, ['target-not-excluded']);
    expect(result).toMatchObject({ made: 0, pagesMigrated: 8 });
    expect([...result.moved.targets].slice(1)).toEqual([...result.moved.sources].slice(0, -1));
    expect(told['false-success']).toBe(16);
  });
});

describe('pcp-counts-as-free', () => {
  /** The other half of the range is free, but another CPU's list has it, and nobody drains that. */
  const scene = (): Machine => {
    const s = stage();
    s.free(64, 72);
    for (let pfn = 72; pfn < 80; pfn++) putPage(s.m, 1, pfn);
    return s.m;
  };

  it('takes pages on a per-CPU list for a part of the block', () => {
    const meant = run(scene(), ['target-not-excluded']);
    expect(meant.result.made).toBe(1);
    expect(meant.told).not.toHaveProperty('pcp-taken-as-free');
    const { result, told } = run(scene(), ['target-not-excluded', 'pcp-counts-as-free']);
    expect(result.made).toBe(0);
    expect(told).toMatchObject({ 'pcp-taken-as-free': 8, 'false-success': 16 });
  });

  it('counts them on its own, too: freed by another CPU while the walk is on its way', () => {
    const told = (switches: readonly Switch[]): Play => {
      const s = stage();
      const task = s.anons(72, 80);
      s.free(64, 72);
      const host = new (class extends SimHost {
        override freeSource(pfn: number): void {
          super.freeSource(pfn);
          // The owner lets go of its last page, on the other CPU.
          if (pfn === 72) zapPte(s.m, 1, task.mm, task.start + 7, task.vma);
        }
      })(s.m);
      return run(s.m, switches, { host, loses: 1 });
    };
    expect(told([]).told).not.toHaveProperty('pcp-taken-as-free');
    expect(told(['pcp-counts-as-free']).told).toHaveProperty('pcp-taken-as-free', 1);
  });
});

describe('mlock-ignored', () => {
  it('moves what its owner locked into memory', () => {
    const scene = (): Machine => {
      const s = stage();
      const task = s.anons(72, 80);
      setLocked(s.m, task.vma, true);
      s.free(64, 72);
      return s.m;
    };
    const meant = run(scene(), []);
    expect(meant.result).toMatchObject({ made: 0, pagesMigrated: 0 });
    expect(meant.told).toEqual({ mlocked: 1 });
    const { result, told } = run(scene(), ['mlock-ignored']);
    expect(result.made).toBe(1);
    expect(told).toEqual({ 'mlocked-moved': 8 });
  });
});

/** A host at which a test can step in between two steps of a move. */
class Meddler extends SimHost {
  /** Told of every page whose contents are about to be copied. */
  onCopy = (_source: number): void => {};
  onShootdown = (): void => {};

  override copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    for (const source of sources.subarray(0, nrPages)) this.onCopy(source);
    super.copy(sources, targets, nrPages);
  }

  override shootdown(): void {
    super.shootdown();
    this.onShootdown();
  }

  override reverseMap(pfn: number): readonly RmapVisit[] {
    return this.visits ?? super.reverseMap(pfn);
  }

  visits: readonly RmapVisit[] | null = null;
}

describe('ptes-before-copy', () => {
  /** What another CPU reads of a page that is being moved, right before its contents are copied. */
  const readings = (switches: readonly Switch[]): { reads: string[]; told: Play['told'] } => {
    const s = stage();
    const task = s.anons(72, 80);
    s.free(64, 72);
    const host = new Meddler(s.m);
    const out = new Uint32Array(2);
    const reads: string[] = [];
    host.onCopy = (source) => {
      const page = source - 72;
      const access = readPage(s.m, 1, task.mm, task.start + page, out);
      reads.push(access === ACCESS_BLOCKED ? 'waits' : out[0] === 7 && out[1] === page ? 'its page' : 'garbage');
    };
    return { reads, told: run(s.m, switches, { host }).told };
  };

  it('would show other CPUs a page that its contents have not reached, and makes them wait instead', () => {
    const reads = Array(8).fill('waits');
    expect(readings([])).toEqual({ reads, told: {} });
    expect(readings(['ptes-before-copy'])).toEqual({ reads, told: { 'mapped-before-copy': 8 } });
  });

  it('is no hazard to a page that nobody maps', () => {
    const s = stage();
    s.files(createFile(s.m, 8), 72, 80);
    s.free(64, 72);
    expect(run(s.m, ['ptes-before-copy'])).toMatchObject({ result: { made: 1, pagesMigrated: 8 }, told: {} });
  });
});

/** Pages whose owner forked; the child has copies of them by now. */
function family(): Stage {
  const s = stage();
  const task = s.anons(72, 80);
  const child = forkProcess(s.m, 0, task.mm);
  for (let page = 0; page < 8; page++) put(s.m, child, task.start + page, 9, page);
  settle(s.m);
  s.free(64, 72);
  return s;
}

describe('strict-anon-vma', () => {
  it('gives up a page because a relative does not map it', () => {
    expect(run(family().m, []).result).toMatchObject({ made: 1, pagesMigrated: 8 });
    const { result, told } = run(family().m, ['strict-anon-vma']);
    expect(result).toMatchObject({ made: 0, pagesMigrated: 0 });
    expect(told).toEqual({ 'still-mapped': 1 });
  });

  it('leaves a lock held where the page lies in no VMA of the relative', () => {
    const s = half();
    const host = new Meddler(s.m);
    host.visits = [{ covers: false, maps: false }];
    expect(run(s.m, [], { host }).told).toEqual({});
    const again = half();
    const other = new Meddler(again.m);
    other.visits = host.visits;
    expect(run(again.m, ['strict-anon-vma'], { host: other }).told).toEqual({ 'still-mapped': 1, 'lock-left-held': 1 });
  });
});

describe('no-rollback', () => {
  it('frees the new page twice, with page tables naming it, when a relative fails the move', () => {
    const { result, told } = run(family().m, ['strict-anon-vma', 'no-rollback']);
    expect(result.made).toBe(0);
    expect(told).toEqual({ 'still-mapped': 1, 'freed-while-mapped': 1, 'double-free': 1 });
  });

  it('does so whenever a move fails late; undone, it costs nothing', () => {
    const scene = (switches: readonly Switch[]): Play['told'] => {
      const s = half();
      const host = new Meddler(s.m);
      host.onShootdown = () => {
        if (s.m.count[72] === 1) pin(s.m, 72, FOR_EVER);
      };
      return run(s.m, switches, { host }).told;
    };
    expect(scene([])).toEqual({ pinned: 1 });
    expect(scene(['no-rollback'])).toEqual({ pinned: 1, 'freed-while-mapped': 1, 'double-free': 1 });
  });
});

describe('swapcache-fall-through', () => {
  /** One page of the range is in the swap cache, and mapped. */
  const scene = (): Stage => {
    const s = stage();
    const task = s.anons(72, 80);
    writeToSwap(s.m, 72);
    advance(s.m, 0, WRITE_LATENCY_NS);
    get(s.m, task.mm, task.start);
    settle(s.m);
    s.free(64, 72);
    return s;
  };

  it('loses swap cache and LRU', () => {
    const meant = run(scene().m, []);
    expect(meant.result.made).toBe(1);
    expect(meant.told).toEqual({});
    const { result, told } = run(scene().m, ['swapcache-fall-through']);
    expect(result.made).toBe(1);
    expect(told).toEqual({ 'off-lru': 8, 'swap-cache-lost': 1, 'unlock-not-held': 7 });
  });

  it('goes on with a page whose recheck failed', () => {
    const recheck = (switches: readonly Switch[]): Play['told'] => {
      const s = scene();
      const host = new SimHost(s.m);
      const allocate = host.free.allocate.bind(host.free);
      host.free.allocate = (request) => {
        if (s.m.count[72] === 3) pin(s.m, 72, FOR_EVER);
        return allocate(request);
      };
      return run(s.m, switches, { host }).told;
    };
    expect(recheck([])).toEqual({ pinned: 1 });
    expect(recheck(['swapcache-fall-through'])).toEqual({ 'still-mapped': 1, 'moved-after-giving-up': 1 });
  });

  it('strands what it moved: in the way of the next block, such a page does not move again', () => {
    const twoBlocks = (switches: readonly Switch[]): Play => {
      const s = stage();
      s.anons(72, 80);
      const other = s.process(4);
      for (let i = 0; i < 4; i++) s.anon(other, i, 104 + 2 * i);
      s.free(96, 104);
      s.free(64, 72);
      // The first holes on their list: half of the first block's pages move into the second.
      for (let i = 0; i < 4; i++) s.free(105 + 2 * i, 106 + 2 * i);
      return run(s.m, switches, { count: 2 });
    };
    const meant = twoBlocks([]);
    expect(meant.result.made).toBe(2);
    expect([...meant.result.moved.targets].filter((pfn) => pfn > 104 && pfn < 112)).toHaveLength(4);
    const { result, told } = twoBlocks(['swapcache-fall-through']);
    expect(result.made).toBe(1);
    expect(told['not-on-lru']).toBe(1);
  });
});

describe('mapped-file-refused', () => {
  const scene = (mapped: boolean): Machine => {
    const s = stage();
    const file = createFile(s.m, 8);
    const task = fileProcess(s.m, file, 8);
    s.files(file, 72, 80);
    if (mapped) for (let page = 0; page < 8; page++) get(s.m, task.mm, task.start + page);
    settle(s.m);
    s.free(64, 72);
    return s.m;
  };

  it('refuses what somebody maps by its count', () => {
    expect(run(scene(true), []).result).toMatchObject({ made: 1, pagesMigrated: 8 });
    const { result, told } = run(scene(true), ['mapped-file-refused']);
    expect(result).toMatchObject({ made: 0, pagesMigrated: 0 });
    expect(told).toEqual({ 'mapped-file': 1 });
  });

  it('and what a VMA covers that does not map it, with a lock left held', () => {
    expect(run(scene(false), []).result).toMatchObject({ made: 1, pagesMigrated: 8 });
    const { result, told } = run(scene(false), ['mapped-file-refused']);
    expect(result).toMatchObject({ made: 0, pagesMigrated: 0 });
    expect(told).toEqual({ 'still-mapped': 1, 'lock-left-held': 1 });
  });
});

/** Five clean pages of a file and three dirty ones. */
function pageCache(): Stage {
  const s = stage();
  s.files(createFile(s.m, 8), 72, 77);
  s.files(createFile(s.m, 8), 77, 80, true);
  s.free(64, 72);
  return s;
}

describe('dirty-tag-lost', () => {
  it('names the dirty pages that writeback would pass over', () => {
    expect(run(pageCache().m, []).told).toEqual({});
    const { m } = pageCache();
    const { result, told } = run(m, ['dirty-tag-lost']);
    expect(result.made).toBe(1);
    expect(told).toEqual({ 'dirty-tag-lost': 3 });
    // Contained: here they keep their tags, and are written.
    const dirty = [...result.moved.targets].filter((pfn) => (m.flags[pfn]! & PG_DIRTY) !== 0);
    expect(dirty).toHaveLength(3);
    for (const pfn of dirty) expect(startWriteback(m, pfn)).toBe(true);
  });
});

describe('slot-empty-window', () => {
  it('counts every page that a reader would not have found', () => {
    expect(run(pageCache().m, ['slot-empty-window']).told).toEqual({ 'slot-empty': 8 });
    expect(run(half().m, ['slot-empty-window']).told).toEqual({});
  });
});

describe('preempt-imbalance', () => {
  it('leaves the count one too high after a success', () => {
    expect(run(half().m, ['preempt-imbalance']).told).toEqual({ 'preempt-imbalance': 1 });
  });

  it('and one too low for each page that was refused', () => {
    const scene = (): Machine => {
      const s = stage();
      s.anons(72, 76);
      s.free(64, 72);
      return s.m;
    };
    expect(run(scene(), []).told).toEqual({ 'not-on-lru': 1 });
    const { told } = run(scene(), ['preempt-imbalance']);
    expect(told['preempt-imbalance']).toBeGreaterThanOrEqual(1);
  });

  it('a page that is locked returns before it', () => {
    const s = half();
    lockPage(s.m, 72, FOR_EVER);
    expect(run(s.m, ['preempt-imbalance']).told).toEqual({ locked: 1 });
  });
});

describe('the table', () => {
  it('has a test for every switch', () => {
    const here = readFileSync(new URL(import.meta.url), 'utf8');
    for (const name of SWITCH_NAMES) expect(here).toContain(`describe('${name}'`);
  });
});
