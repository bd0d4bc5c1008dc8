import { Prng } from '../../../src/base/prng.js';
import { ACCESS_OK } from '../../../src/sim/access.js';
import {
  exitProcess,
  findVma,
  forkProcess,
  mapMemory,
  setLocked,
  unmapVma,
  VM_SHARED,
  VM_WRITE,
} from '../../../src/sim/address-space.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { attachCpu, type Cpu } from '../../../src/smp/index.js';
import type { Mingle, Mingled } from './parts.js';
import { CUE_READY, giveCue } from './stage.js';

const WRONG_MAX = 5;
const SCRATCH_PAGES = 24;

/** What a thread that mingles has in hand. */
interface Mingler extends Mingle {
  readonly cpus: Cpu;
  readonly prng: Prng;
  /** The highest number that this thread has seen in each word of the others: none may go back. */
  readonly seen: Uint32Array;
  readonly wrong: string[];
}

type Act = (t: Mingler) => void;

function page(t: Mingler): number {
  return t.prng.below(t.nrPages);
}

/** A word that only this thread writes: it must read what it stored last. */
const write: Act = (t) => {
  for (let i = 0; i < 64; i++) {
    const at = page(t);
    const place = at * t.nrPlaces + t.place;
    const next = t.stored[place]! + 1;
    if (t.cpus.store(t.mm, t.firstVpn + at, t.place, next) === ACCESS_OK) t.stored[place] = next;
    const again = page(t);
    const found = t.cpus.load(t.mm, t.firstVpn + again, t.place);
    const expected = t.stored[again * t.nrPlaces + t.place]!;
    if (found >= 0 && found !== expected) t.wrong.push(`own word of page ${again}: ${found}, not ${expected}`);
  }
};

/** Words that the other threads of the process write: none may go back. */
const read: Act = (t) => {
  for (let i = 0; i < 64; i++) {
    const at = page(t);
    const place = t.prng.below(t.nrPlaces);
    const found = t.cpus.load(t.mm, t.firstVpn + at, place);
    const before = t.seen[at * t.nrPlaces + place]!;
    if (found >= 0 && found < before) t.wrong.push(`word ${place} of page ${at}: ${found} after ${before}`);
    if (found >= 0) t.seen[at * t.nrPlaces + place] = found;
  }
};

/** A device reads a page while its process goes on. */
const pin: Act = (t) => {
  const at = page(t);
  const pfn = t.cpus.getUserPage(t.mm, t.firstVpn + at, t.prng.chance(0.5));
  if (pfn < 0) return;
  const found = t.cpus.machine.contents[pfn * t.cpus.machine.contentWords + t.place]!;
  const expected = t.stored[at * t.nrPlaces + t.place]!;
  if (found !== expected) t.wrong.push(`pinned page ${at}: ${found}, not ${expected}`);
  t.cpus.putUserPage(pfn);
};

/** A child has the memory as it was, also when its parent writes on; then both copies go their ways. */
const fork: Act = (t) => {
  const { cpus, mm, firstVpn, place, nrPlaces } = t;
  const child = cpus.kernel(() => forkProcess(cpus.machine, cpus.cpu, mm));
  if (child === 0) return;
  const then = t.stored.slice();
  for (let i = 0; i < 8; i++) {
    write(t);
    const at = page(t);
    const found = cpus.load(child, firstVpn + at, place);
    const expected = then[at * nrPlaces + place]!;
    if (found >= 0 && found !== expected) t.wrong.push(`child's page ${at}: ${found}, not ${expected}`);
    const mine = page(t);
    if (cpus.store(child, firstVpn + mine, place, 7) === ACCESS_OK) then[mine * nrPlaces + place] = 7;
  }
  cpus.kernel(() => exitProcess(cpus.machine, cpus.cpu, child));
};

/** Memory that comes and goes: anonymous, or of a file that both threads map. */
const scratch: Act = (t) => {
  const { cpus, mm, prng, file, filePages } = t;
  const m = cpus.machine;
  const ofFile = prng.chance(0.5);
  const start = cpus.kernel(() => {
    const nrPages = ofFile ? filePages : SCRATCH_PAGES;
    const flags = ofFile ? VM_WRITE | VM_SHARED : VM_WRITE;
    const vma = mapMemory(m, mm, { start: -1, nrPages, flags, file: ofFile ? file : 0, offset: 0 });
    return vma === 0 ? -1 : m.vmaStart[vma]!;
  });
  if (start < 0) return;
  for (let i = 0; i < SCRATCH_PAGES / 2; i++) {
    const vpn = start + prng.below(ofFile ? filePages : SCRATCH_PAGES);
    const value = prng.uint32();
    if (cpus.store(mm, vpn, t.place, value) !== ACCESS_OK) continue;
    const found = cpus.load(mm, vpn, t.place);
    if (!ofFile && found >= 0 && found !== value) t.wrong.push(`scratch page: ${found}, not ${value}`);
  }
  cpus.kernel(() => unmapVma(m, cpus.cpu, findVma(m, mm, start)));
};

const lock: Act = ({ cpus, mm, firstVpn, prng }) => {
  cpus.kernel(() => setLocked(cpus.machine, findVma(cpus.machine, mm, firstVpn), prng.chance(0.3)));
};

const reclaim: Act = ({ cpus, prng }) => {
  cpus.kernel(() => reclaimPages(cpus.machine, cpus.cpu, 1 + prng.below(16)));
};

const ACTS: Readonly<Record<string, readonly [Act, weight: number]>> = {
  write: [write, 40],
  read: [read, 30],
  pin: [pin, 10],
  fork: [fork, 2],
  scratch: [scratch, 6],
  lock: [lock, 1],
  reclaim: [reclaim, 4],
};

export function mingle(part: Mingle): Mingled {
  const cpus = attachCpu(part.shared, part.cpu);
  const seen = new Uint32Array(part.stored.length);
  const t: Mingler = { ...part, cpus, prng: new Prng(part.seed), seen, wrong: [] };
  const names = Object.entries(ACTS).flatMap(([name, [, weight]]) => Array.from({ length: weight }, () => name));
  const done: Record<string, number> = {};
  cpus.online();
  giveCue(part.stage, CUE_READY);
  while (!cpus.isStopped() && t.wrong.length < WRONG_MAX) {
    const name = names[t.prng.below(names.length)]!;
    ACTS[name]![0](t);
    done[name] = (done[name] ?? 0) + 1;
  }
  cpus.offline();
  return { wrong: t.wrong, done };
}
