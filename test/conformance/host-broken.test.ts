import { jest } from '@jest/globals';
import { HOST_RULES, type HostWorld, hostConformance, simulatedWorld } from 'vacate/testing';
import { LinuxHost } from '../../src/linux/host/linux-host.js';
import { LinuxTree } from '../../src/linux/linux-tree.js';
import { BLOCK_ONLINE, type BlockState, blockRange } from '../../src/mm/memory-block.js';
import { PG_BUDDY, PG_REFERENCED } from '../../src/mm/page-flags.js';
import type { Machine } from '../../src/sim/machine.js';
import { SimHost } from '../../src/sim/sim-host.js';
import { removeTrees, unfoldCapture } from '../unit/linux/trees.js';
import { CAPTURES, imageOf, PAGE_TYPES, smallMachineUnderLoad } from './host-fixtures.js';

/*
 * A kit that cannot fail proves nothing. Here are hosts that are broken in one way each, as their authors might break
 * them; for each, the case that must find it out. The same case passes for the host as it is (host-conformance.test.ts).
 */

/** Other tests share the processors. */
jest.setTimeout(300_000);

afterAll(removeTrees);

interface Broken {
  readonly how: string;
  readonly foundBy: string;
  readonly open: () => HostWorld;
}

/** A simulated host with some of its verbs replaced. */
const spoiled = (spoil: (host: SimHost, machine: Machine) => Partial<SimHost>) => (): HostWorld => {
  const machine = smallMachineUnderLoad();
  const host = new SimHost(machine);
  return simulatedWorld(machine, Object.assign(host, spoil(host, machine)));
};

/** The same for a Linux host; its kernel refuses everything. */
const refusing = (Host: typeof LinuxHost) => (): HostWorld => {
  const image = imageOf(CAPTURES[0]);
  const busyBlock = image.dimms[0]!.range.start / image.blockPages;
  const host = new Host(new LinuxTree(unfoldCapture(CAPTURES[0])), image, { write: () => 'EBUSY' });
  return { host, spareBlock: null, busyBlock, takeOffline: (block) => host.offlineBlock(block) };
};

/** It marks the pages as gone before the kernel has said so. */
class Hasty extends LinuxHost {
  override offlineBlock(block: number): boolean {
    const { start, end } = blockRange(block, this.layout.blockPages);
    this.columns.flags.fill(0, start, end);
    return super.offlineBlock(block);
  }
}

/** It takes the kernel's no for a yes. */
class Deaf extends LinuxHost {
  override offlineBlock(block: number): boolean {
    super.offlineBlock(block);
    return true;
  }
}

const prototype = SimHost.prototype;

const BROKEN: readonly Broken[] = [
  {
    how: 'counts pages as room that it was told to leave out',
    foundBy: 'there is room for what is free above the marks, and none where all is excluded',
    open: spoiled((host) => ({ roomOutside: () => prototype.roomOutside.call(host, []) })),
  },
  {
    how: 'gives the last page of a zone to the next',
    foundBy: 'a page is in the zone that spans it, and in none outside of all',
    open: spoiled((host) => ({ zoneOf: (pfn) => prototype.zoneOf.call(host, pfn + 1) })),
  },
  {
    how: 'remembers the states of blocks instead of looking',
    foundBy: 'a block goes off line with all its pages, and no other does',
    open: spoiled((_host, machine) => {
      const before = machine.blockState.slice();
      return { blockState: (block) => (before[block] ?? 0) as BlockState };
    }),
  },
  {
    how: 'says that a block is there which is not',
    foundBy: 'a block has pages exactly if it is online',
    open: spoiled(() => ({ blockState: () => BLOCK_ONLINE })),
  },
  {
    how: 'forgets to bring a block back',
    foundBy: 'a block that comes back is free, and all states are as before',
    open: spoiled(() => ({ onlineBlock: () => {} })),
  },
  {
    how: 'does not isolate',
    foundBy: 'nothing isolated is handed out, or counted as room',
    open: spoiled(() => ({ isolateRange: () => {} })),
  },
  {
    how: 'does not let go of what it has isolated',
    foundBy: 'what is isolated and let go is as it was',
    open: spoiled(() => ({ undoIsolateRange: () => {} })),
  },
  {
    how: 'loses the targets that nobody moved to',
    foundBy: 'a target is a free block, aligned, with one reference, and comes back whole',
    open: spoiled(() => ({ freeTarget: () => {} })),
  },
  {
    how: 'gives everybody the lock',
    foundBy: 'a lock is taken by one at a time',
    open: spoiled(() => ({ lock: () => true })),
  },
  {
    how: 'freezes a page that somebody else holds',
    foundBy: 'a count is frozen only at what was expected, and thaws to what is said',
    open: spoiled((_host, machine) => ({
      freeze: (pfn) => {
        machine.count[pfn] = 0;
        return true;
      },
    })),
  },
  {
    how: 'leaves a page unmapped',
    foundBy: 'a page that is unmapped and mapped again is as it was',
    open: spoiled(() => ({ remap: () => {} })),
  },
  {
    how: 'keeps the old page when a page has moved',
    foundBy: 'a page that moves keeps its mappings, and leaves its place free',
    open: spoiled(() => ({ freeSource: () => {} })),
  },
  {
    how: 'touches what it reads',
    foundBy: 'every page can be judged, and reading changes nothing',
    open: spoiled((_host, machine) => ({
      validate: () => {
        machine.flags[0] = machine.flags[0]! ^ PG_REFERENCED;
        return [];
      },
    })),
  },
  {
    how: 'drains nothing',
    foundBy: 'draining leaves nothing on per-CPU lists, and loses nothing',
    open: () => {
      const world = spoiled(() => ({ drain: () => {} }))();
      // Something is on a per-CPU list: a page that was taken and dropped.
      world.host.free.free(world.host.allocateTarget(0, 0, 11), 0);
      return world;
    },
  },
  {
    how: 'finds something wrong with itself',
    foundBy: 'all is well with it',
    open: spoiled(() => ({ validate: () => ['a page is nobody’s'] })),
  },
  {
    how: 'forgets to count what is on per-CPU lists',
    foundBy: 'a zone has as many free pages as flags say',
    open: spoiled((host) => {
      const nrPages = host.free.nrPages.bind(host.free);
      host.free.nrPages = (zone) => nrPages(zone) - 1;
      return {};
    }),
  },
  {
    how: 'leaves a reference on a page that it has freed',
    foundBy: 'free pages have no references, pages in use have all their mappings',
    open: () => {
      const world = spoiled(() => ({}))();
      const { flags, count } = world.host.columns;
      count[flags.findIndex((has) => (has & PG_BUDDY) !== 0)] = 1;
      return world;
    },
  },
  {
    how: 'tells handlers what was',
    foundBy: 'handlers see what the columns hold',
    open: spoiled((host, machine) => {
      const before = machine.flags.map((flags) => flags ^ PG_REFERENCED);
      host.pages.flags = (pfn) => before[pfn]!;
      return {};
    }),
  },
  {
    how: 'knows no process that maps a page',
    foundBy: 'the reverse map has a VMA for every mapping',
    open: spoiled(() => ({ reverseMap: () => [] })),
  },
  {
    how: 'says that it has split what cannot be',
    foundBy: 'a base page does not split, and stays as it is',
    open: spoiled(() => ({ split: () => true })),
  },
  {
    how: 'takes pages away before the kernel agrees',
    foundBy: 'a block that is refused is as it was, and so is everything else',
    open: refusing(Hasty),
  },
  {
    how: 'takes no for yes',
    foundBy: 'a block that is refused is as it was, and so is everything else',
    open: refusing(Deaf),
  },
];

it.each(BROKEN.map(({ how, ...broken }) => [how, broken] as const))('a host that %s is found out', (_how, broken) => {
  const cases = hostConformance({ open: broken.open, pageTypes: PAGE_TYPES });
  const finder = cases.find(({ name }) => name === broken.foundBy);
  expect(() => finder!.run()).toThrow(expect.objectContaining({ name: 'HostFailure' }));
  expect(() => finder!.run()).toThrow(`the host breaks "${finder!.rule}": `);
});

it('each rule of the kit finds one out', () => {
  const cases = hostConformance({ open: BROKEN[0]!.open });
  const found = new Set(BROKEN.map(({ foundBy }) => cases.find(({ name }) => name === foundBy)!.rule));
  expect(Object.keys(HOST_RULES).filter((rule) => !found.has(rule as never))).toEqual([]);
});

it('a skip must name a case, have a reason, and be needed', () => {
  const open = spoiled(() => ({}));
  const kit = (name: string, because: string) =>
    hostConformance({ open, pageTypes: PAGE_TYPES, skip: [{ name, because }] });
  expect(() => kit('no such case', 'why not')).toThrow('there is no case "no such case" to skip');
  expect(() => kit('all is well with it', ' ')).toThrow('is skipped without a reason');
  const turned = kit('all is well with it', 'of course').find(({ name }) => name.includes('all is well'))!;
  expect(turned.name).toBe('cannot be asked: all is well with it (of course)');
  expect(() => turned.run()).toThrow('passes; do not skip it');
});
