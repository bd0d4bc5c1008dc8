import {
  PG_ANON,
  PG_ERROR,
  PG_LOCKED,
  PG_LRU,
  PG_SWAPCACHE,
  PG_THP,
  PG_WRITEBACK,
} from '../../../src/mm/page-flags.js';
import type { Pfn } from '../../../src/mm/units.js';
import { readPage } from '../../../src/sim/access.js';
import {
  exitProcess,
  forkProcess,
  remapFilePage,
  setLocked,
  unmapVma,
  vmasOf,
} from '../../../src/sim/address-space.js';
import { truncateFile } from '../../../src/sim/files.js';
import { findHold, HOLD_WRITEBACK, lockPage, pin } from '../../../src/sim/holds.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { findInCache, removeFromCache } from '../../../src/sim/page-cache.js';
import { pageout } from '../../../src/sim/pageout.js';
import { addToSwap } from '../../../src/sim/swap.js';
import { advance, startWriteback } from '../../../src/sim/writeback.js';
import { type FaultWorld, GONE } from './fault-world.js';
import type { FaultKind, Inflicted, Scene } from './kind.js';

const FOR_EVER = Number.POSITIVE_INFINITY;

/** A frame of the world for which `serves` says yes; from any place on, so that all have their turn. */
function someFrame({ world, chance }: Scene, serves: (pfn: Pfn) => boolean): Pfn {
  const from = chance.below(world.nrPages);
  for (let i = 0; i < world.nrPages; i++) {
    const pfn = world.frameOf((from + i) % world.nrPages);
    if (pfn >= 0 && serves(pfn)) {
      world.touched.add(pfn);
      return pfn;
    }
  }
  return -1;
}

/** Somebody's reference, which a page that is frozen gives nobody. */
function hold(scene: Scene, until: number): Inflicted {
  const { machine } = scene.world;
  const pfn = someFrame(scene, (each) => machine.count[each] !== 0);
  if (pfn < 0) return 'nothing';
  pin(machine, pfn, machine.clock[0]! + until);
  return 'done';
}

function lock(scene: Scene, until: number): Inflicted {
  const { machine } = scene.world;
  const pfn = someFrame(scene, (each) => (machine.flags[each]! & PG_LOCKED) === 0 && machine.count[each] !== 0);
  return pfn >= 0 && lockPage(machine, pfn, machine.clock[0]! + until) ? 'done' : 'nothing';
}

function write(scene: Scene): Pfn {
  const { machine } = scene.world;
  let pfn = someFrame(scene, (each) => startWriteback(machine, each));
  if (pfn >= 0) return pfn;
  // Nothing is dirty that may be written: somebody writes to a file first.
  for (const filePage of scene.world.filePages) {
    if (filePage.isDriver || !scene.world.writeFile(filePage, scene.world.stamp(), false)) continue;
    pfn = findInCache(machine, machine.mapBase[filePage.file]! + filePage.page);
    scene.world.touched.add(pfn);
    if (startWriteback(machine, pfn)) return pfn;
  }
  return -1;
}

function everything(world: FaultWorld): void {
  world.touchedAll = true;
}

/** Locks, references and writes that somebody else has under way. */
export const HOLD_KINDS: readonly FaultKind[] = [
  { name: 'page-lock-held-for-ever', inflict: (scene) => lock(scene, FOR_EVER) },
  { name: 'page-lock-held-for-a-while', inflict: (scene) => lock(scene, scene.chance.below(4) * 1e6 + 1) },
  { name: 'page-pinned-for-ever', inflict: (scene) => hold(scene, FOR_EVER) },
  { name: 'page-pinned-for-a-while', inflict: (scene) => hold(scene, scene.chance.below(4) * 1e6 + 1) },
  {
    name: 'speculative-reference',
    inflict: (scene) => {
      const result = hold(scene, 0);
      advance(scene.world.machine, 1, 0);
      return result;
    },
  },
  {
    name: 'cpu-dies-with-lock-and-pin',
    inflict: (scene) => (lock(scene, FOR_EVER) === 'done' && hold(scene, FOR_EVER) === 'done' ? 'done' : 'nothing'),
  },
  { name: 'writeback-begins', inflict: (scene) => (write(scene) >= 0 ? 'done' : 'nothing') },
  {
    name: 'writeback-never-ends',
    inflict: (scene) => {
      const { machine } = scene.world;
      const pfn = write(scene);
      if (pfn < 0) return 'nothing';
      machine.holdUntil[findHold(machine, pfn, HOLD_WRITEBACK)] = FOR_EVER;
      return 'done';
    },
  },
  {
    name: 'writeback-fails',
    inflict: (scene) => {
      const pfn = write(scene);
      if (pfn < 0) return 'nothing';
      scene.world.machine.flags[pfn] = scene.world.machine.flags[pfn]! | PG_ERROR;
      scene.world.doomed.add(pfn);
      return 'done';
    },
  },
  {
    name: 'clock-jumps',
    inflict: ({ world: { machine }, chance }) => {
      if (chance.below(4) === 0) machine.clock[0] = machine.clock[0]! - 5e8;
      else advance(machine, 1, 3600e9);
      return 'done';
    },
  },
];

/** What owners do with their pages meanwhile. */
export const OWNER_KINDS: readonly FaultKind[] = [
  {
    name: 'owner-writes',
    inflict: ({ world, chance }) => {
      everything(world);
      const from = chance.below(world.places.length);
      for (let i = 0; i < world.places.length; i++)
        if (world.write(world.places[(from + i) % world.places.length]!, world.stamp(), chance.below(2))) return 'done';
      return 'nothing';
    },
  },
  {
    name: 'owner-reads-all',
    inflict: ({ world }) => {
      everything(world);
      const out = new Uint32Array(2);
      for (const place of world.places) {
        const lo = place.filePage >= 0 && place.lo !== GONE ? world.filePages[place.filePage]!.lo : place.lo;
        if (lo === GONE || readPage(world.machine, 1, place.mm, place.vpn, out) !== 0) continue;
        if ((out[0]! | 0) !== lo) throw new Error(`process ${place.mm} reads ${out[0]} at ${place.vpn}, not ${lo}`);
      }
      return 'done';
    },
  },
  {
    name: 'owner-exits',
    inflict: ({ world, chance }) => {
      const alive = [...new Set(world.places.map(({ mm }) => mm))].filter((mm) => world.machine.mmAlive[mm] === 1);
      const mm = alive[chance.below(Math.max(1, alive.length))];
      if (mm === undefined) return 'nothing';
      everything(world);
      exitProcess(world.machine, 1, mm);
      for (const place of world.places) if (place.mm === mm) place.lo = GONE;
      return 'done';
    },
  },
  {
    name: 'owner-unmaps',
    inflict: ({ world, chance }) => {
      const mapped = world.places.filter(({ mm, vma }) => vmasOf(world.machine, mm).includes(vma));
      const victim = mapped[chance.below(Math.max(1, mapped.length))];
      if (victim === undefined) return 'nothing';
      everything(world);
      unmapVma(world.machine, 1, victim.vma);
      for (const place of world.places) if (place.mm === victim.mm && place.vma === victim.vma) place.lo = GONE;
      return 'done';
    },
  },
  {
    name: 'owner-forks',
    inflict: ({ world, chance }) => {
      const m = world.machine;
      const alive = [...new Set(world.places.map(({ mm }) => mm))].filter((mm) => m.mmAlive[mm] === 1);
      const mm = alive[chance.below(Math.max(1, alive.length))];
      if (mm === undefined || alive.length > 9) return 'nothing';
      everything(world);
      const vmas = vmasOf(m, mm);
      const child = forkProcess(m, 1, mm);
      if (child === 0) return 'nothing';
      const copies = vmasOf(m, child);
      for (const place of world.places.filter((each) => each.mm === mm && each.lo !== GONE))
        world.places.push({ ...place, mm: child, vma: copies[vmas.indexOf(place.vma)]! });
      return 'done';
    },
  },
  {
    name: 'file-truncated',
    inflict: ({ world, chance }) => {
      const m = world.machine;
      const file = world.files.filter((each) => m.mapPages[each] !== 0)[chance.below(2)] ?? world.files[0]!;
      const before = m.mapPages[file]!;
      if (before === 0) return 'nothing';
      everything(world);
      truncateFile(m, 1, file, chance.below(before));
      for (const each of world.filePages) if (each.file === file && each.page >= m.mapPages[file]!) each.lo = GONE;
      for (const place of world.places)
        if (place.filePage >= 0 && world.filePages[place.filePage]!.lo === GONE) place.lo = GONE;
      return m.mapPages[file]! < before ? 'done' : 'nothing';
    },
  },
  {
    name: 'driver-lets-go',
    inflict: ({ world }) => {
      const m = world.machine;
      const filePage = world.filePages.find(({ isDriver, lo }) => isDriver && lo !== GONE);
      const pfn = filePage === undefined ? -1 : findInCache(m, m.mapBase[filePage.file]! + filePage.page);
      // A driver takes the page lock to free a page that may be moving (zs_free and its migrate lock).
      if (pfn < 0 || (m.flags[pfn]! & PG_LOCKED) !== 0) return 'nothing';
      everything(world);
      for (let references = removeFromCache(m, pfn); references > 0; references--) putPage(m, 1, pfn);
      filePage!.lo = GONE;
      return 'done';
    },
  },
  {
    name: 'mlock-toggles',
    inflict: ({ world, chance }) => {
      const mapped = world.places.filter(({ mm, vma }) => vmasOf(world.machine, mm).includes(vma));
      const victim = mapped[chance.below(Math.max(1, mapped.length))];
      if (victim === undefined) return 'nothing';
      everything(world);
      setLocked(world.machine, victim.vma, chance.below(2) === 0);
      return 'done';
    },
  },
  {
    name: 'mapping-becomes-nonlinear',
    inflict: ({ world, chance }) => {
      const m = world.machine;
      const windows = world.places.filter(({ filePage, lo }) => filePage >= 0 && lo !== GONE);
      const place = windows[chance.below(Math.max(1, windows.length))];
      if (place === undefined || m.vmaFile[place.vma] !== world.filePages[place.filePage]!.file) return 'nothing';
      everything(world);
      // The place shows what it showed, but now as an entry that reverse mapping cannot foretell.
      const { page } = world.filePages[place.filePage]!;
      return remapFilePage(m, 1, place.vma, place.vpn, page) ? 'done' : 'nothing';
    },
  },
  {
    name: 'enters-swap-cache',
    inflict: (scene) => {
      const { machine: m } = scene.world;
      const serves = (pfn: Pfn) =>
        (m.flags[pfn]! & (PG_ANON | PG_SWAPCACHE | PG_LOCKED | PG_THP)) === PG_ANON &&
        m.mapcount[pfn] === 1 &&
        addToSwap(m, pfn);
      return someFrame(scene, serves) >= 0 ? 'done' : 'nothing';
    },
  },
  {
    name: 'reclaimed',
    inflict: (scene) => {
      everything(scene.world);
      const { machine: m } = scene.world;
      const serves = (pfn: Pfn) =>
        (m.flags[pfn]! & (PG_LRU | PG_LOCKED | PG_WRITEBACK)) === PG_LRU && pageout(m, 1, pfn) !== 'kept';
      return someFrame(scene, serves) >= 0 ? 'done' : 'nothing';
    },
  },
  {
    name: 'page-redirtied',
    inflict: (scene) => {
      const { world } = scene;
      const clean = world.filePages.filter(({ file, lo }) => lo !== GONE && world.files.includes(file));
      const from = scene.chance.below(Math.max(1, clean.length));
      for (let i = 0; i < clean.length; i++) {
        const filePage = clean[(from + i) % clean.length]!;
        everything(world);
        if (world.writeFile(filePage, world.stamp(), scene.chance.below(2) === 0)) return 'done';
      }
      return 'nothing';
    },
  },
];
