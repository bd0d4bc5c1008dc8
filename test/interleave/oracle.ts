import { findVma, VM_NONLINEAR, VM_SHARED } from '../../src/sim/address-space.js';
import { originalHi, originalLo } from '../../src/sim/contents.js';
import type { Machine } from '../../src/sim/machine.js';
import { MAPPING_FILE } from '../../src/sim/mappings.js';

/** Processes that a world may have at a time: two that it begins with, and a child. */
export const NR_PROCESSES = 3;
export const MAX_PAGES = 3;
export const MAX_CPUS = 3;

/** Words of what is known besides the machine. One array, so that it is put back and hashed with one call. */
const MM = 0;
const PRIVATE = MM + NR_PROCESSES;
const FILE = PRIVATE + NR_PROCESSES * MAX_PAGES;
const FILE_PAGE = FILE + 2 * MAX_PAGES;
const CPU = FILE_PAGE + NR_PROCESSES * MAX_PAGES;
const CPU_WORDS = 5;
const PINNED = CPU + MAX_CPUS * CPU_WORDS;
const LOCKED = PINNED + MAX_PAGES;
const NEIGHBOUR = LOCKED + MAX_PAGES;
const BUDGET = NEIGHBOUR + 1;
const TOUCHED = BUDGET + 1;
const NR_WORDS = TOUCHED + 1;

/** What a CPU is in the middle of. */
export const IDLE = 0;
/** It has a translation and will load, or store, through it. */
export const LOADING = 1;
export const STORING = 2;
/** It has found a page without any lock, and will take a reference if it can. */
export const LOOKING_UP = 3;
/** It has that reference, and will drop it. */
export const HOLDING = 4;

/** What the file had before anybody wrote to it. */
const ORIGINAL = 0x8000_0000;

/**
 * What every virtual page was last told to hold, kept apart from the machine; and what the other CPUs are in the middle
 * of. A value is a version in the upper bits, and below it which page and which process wrote it: no two pages ever
 * hold the same, and a stale one is a lower one.
 */
export class Oracle {
  readonly words = new Uint32Array(NR_WORDS);

  constructor(
    private readonly machine: Machine,
    readonly vpns: readonly number[],
    readonly files: readonly number[],
  ) {
    for (let page = 0; page < files.length; page++)
      if (files[page] !== 0 && machine.mapKind[files[page]!] === MAPPING_FILE)
        for (let at = 0; at < 2; at++) this.words[FILE + page * 2 + at] = (ORIGINAL | (page << 4) | at) >>> 0;
  }

  /** The process in a slot, 0 for none. */
  mm(slot: number): number {
    return this.words[MM + slot]!;
  }

  setMm(slot: number, mm: number): void {
    this.words[MM + slot] = mm;
  }

  vma(slot: number, page: number): number {
    const mm = this.mm(slot);
    return mm === 0 ? 0 : findVma(this.machine, mm, this.vpns[page]!);
  }

  /** The value that the process reads at the page; -1 where there is none: no VMA, or beyond the end of the file. */
  expected(slot: number, page: number): number {
    const vma = this.vma(slot, page);
    if (vma === 0) return -1;
    const own = this.words[PRIVATE + slot * MAX_PAGES + page]!;
    if (own !== 0 || this.machine.vmaFile[vma] === 0) return own;
    return this.ofFile(page, this.filePage(slot, page));
  }

  /** The value of a page of the file; -1 beyond its end. */
  ofFile(page: number, at: number): number {
    return at < this.machine.mapPages[this.files[page]!]! ? this.words[FILE + page * 2 + at]! : -1;
  }

  filePage(slot: number, page: number): number {
    return this.words[FILE_PAGE + slot * MAX_PAGES + page]!;
  }

  setFilePage(slot: number, page: number, at: number): void {
    this.words[FILE_PAGE + slot * MAX_PAGES + page] = at;
  }

  /** A private page of a file is the process's own from the fault on: the file may change, it does not. */
  copied(slot: number, page: number): void {
    const vma = this.vma(slot, page);
    const { vmaFile, vmaFlags } = this.machine;
    const at = PRIVATE + slot * MAX_PAGES + page;
    if (vma === 0 || vmaFile[vma] === 0 || (vmaFlags[vma]! & VM_SHARED) !== 0 || this.words[at] !== 0) return;
    this.words[at] = this.ofFile(page, 0);
  }

  /** The value that a process writes next, which is then what its page holds. */
  write(slot: number, page: number): number {
    const vma = this.vma(slot, page);
    const { vmaFile, vmaFlags } = this.machine;
    if (vmaFile[vma] !== 0 && (vmaFlags[vma]! & VM_SHARED) !== 0)
      return this.writeFile(page, this.filePage(slot, page));
    return this.#next(PRIVATE + slot * MAX_PAGES + page, page, slot + 1);
  }

  writeFile(page: number, at: number): number {
    return this.#next(FILE + page * 2 + at, page, 8 + at);
  }

  #next(at: number, page: number, writer: number): number {
    const version = ((this.words[at]! & ~ORIGINAL) >>> 8) + 1;
    this.words[at] = (version << 8) | (page << 4) | writer;
    return this.words[at]!;
  }

  /** The child reads what its parent reads. */
  fork(parent: number, child: number, mm: number): void {
    this.setMm(child, mm);
    for (const base of [PRIVATE, FILE_PAGE])
      for (let page = 0; page < MAX_PAGES; page++)
        this.words[base + child * MAX_PAGES + page] = this.words[base + parent * MAX_PAGES + page]!;
  }

  exit(slot: number): void {
    this.setMm(slot, 0);
    for (let page = 0; page < MAX_PAGES; page++) this.unmap(slot, page);
  }

  unmap(slot: number, page: number): void {
    this.words[PRIVATE + slot * MAX_PAGES + page] = 0;
    this.words[FILE_PAGE + slot * MAX_PAGES + page] = 0;
  }

  /** The two words that a page of this value holds. */
  contents(value: number, page: number, out: Uint32Array): void {
    if ((value & ORIGINAL) !== 0) {
      const file = this.files[page]!;
      out[0] = originalLo(file, value & 1);
      out[1] = originalHi(file, value & 1);
      return;
    }
    out[0] = value;
    out[1] = value === 0 ? 0 : (value ^ 0x5a5a_0000) >>> 0;
  }

  doing(cpu: number): number {
    return this.words[CPU + cpu * CPU_WORDS]!;
  }

  /** The slot, the page and the frame of what a CPU is in the middle of, and the process that it began for. */
  slotOf(cpu: number): number {
    return this.words[CPU + cpu * CPU_WORDS + 1]!;
  }

  pageOf(cpu: number): number {
    return this.words[CPU + cpu * CPU_WORDS + 2]!;
  }

  frameOf(cpu: number): number {
    return this.words[CPU + cpu * CPU_WORDS + 3]!;
  }

  mmOf(cpu: number): number {
    return this.words[CPU + cpu * CPU_WORDS + 4]!;
  }

  begin(cpu: number, doing: number, slot: number, page: number, pfn: number): void {
    this.words.set([doing, slot, page, pfn, this.mm(slot)], CPU + cpu * CPU_WORDS);
  }

  end(cpu: number): void {
    const at = CPU + cpu * CPU_WORDS;
    this.words.fill(0, at, at + CPU_WORDS);
  }

  /** The frame that somebody pins, or has locked, on behalf of a page; -1 for none. */
  pinned(page: number): number {
    return this.words[PINNED + page]! - 1;
  }

  setPinned(page: number, pfn: number): void {
    this.words[PINNED + page] = pfn + 1;
  }

  locked(page: number): number {
    return this.words[LOCKED + page]! - 1;
  }

  setLocked(page: number, pfn: number): void {
    this.words[LOCKED + page] = pfn + 1;
  }

  get neighbour(): number {
    return this.words[NEIGHBOUR]! - 1;
  }

  set neighbour(pfn: number) {
    this.words[NEIGHBOUR] = pfn + 1;
  }

  /** Operations that the other CPUs may still begin. */
  get budget(): number {
    return this.words[BUDGET]!;
  }

  set budget(left: number) {
    this.words[BUDGET] = left;
  }

  touch(pages: number): void {
    this.words[TOUCHED] = this.words[TOUCHED]! | pages;
  }

  /** True if somebody else has had to do with the page since the migration began. */
  isTouched(page: number): boolean {
    return ((this.words[TOUCHED]! >>> page) & 1) !== 0;
  }

  isNonlinear(slot: number, page: number): boolean {
    return (this.machine.vmaFlags[this.vma(slot, page)]! & VM_NONLINEAR) !== 0;
  }
}
