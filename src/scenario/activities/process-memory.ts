import { ACCESS_OK, ACCESS_TORN, type Access, readPage, writePage } from '../../sim/access.js';
import { createProcess, exitProcess, forkProcess, mapMemory, VM_WRITE } from '../../sim/address-space.js';
import type { Scene } from './activity.js';

const read = new Uint32Array(2);

/** Memory of a process of an activity, with a record of what the process has written to each page of it. */
export class ProcessMemory {
  private constructor(
    private readonly scene: Scene,
    readonly mm: number,
    readonly start: number,
    /** Two words a page; what nobody has written reads 0. */
    private readonly record: Uint32Array,
  ) {}

  /** A new process with so many pages, none of them there yet; null if there is no page for its page table. */
  static open(scene: Scene, nrPages: number, start = -1): ProcessMemory | null {
    const { machine, cpu } = scene;
    const mm = createProcess(machine, cpu);
    if (mm === 0) return null;
    const vma = mapMemory(machine, mm, { start, nrPages, flags: VM_WRITE, file: 0, offset: 0 });
    return new ProcessMemory(scene, mm, machine.vmaStart[vma] as number, new Uint32Array(nrPages * 2));
  }

  get nrPages(): number {
    return this.record.length / 2;
  }

  /** A child that has all that this process has written; null if there is no memory for its page tables. */
  fork(): ProcessMemory | null {
    const { machine, cpu } = this.scene;
    const mm = forkProcess(machine, cpu, this.mm);
    return mm === 0 ? null : new ProcessMemory(this.scene, mm, this.start, this.record.slice());
  }

  /** Writes a page, with contents of its own. */
  write(page: number): Access {
    const { machine, cpu, contents } = this.scene;
    const { lo, hi } = contents.next();
    const access = writePage(machine, cpu, this.mm, this.start + page, lo, hi);
    if (access !== ACCESS_OK) return access;
    this.record[page * 2] = lo;
    this.record[page * 2 + 1] = hi;
    return ACCESS_OK;
  }

  /** Reads a page, and counts it as wrong if it is not what was written last. */
  check(page: number): Access {
    const { machine, cpu, tally } = this.scene;
    const access = readPage(machine, cpu, this.mm, this.start + page, read);
    const isRight = read[0] === this.record[page * 2] && read[1] === this.record[page * 2 + 1];
    if (access === ACCESS_TORN || (access === ACCESS_OK && !isRight)) tally.wrong++;
    return access;
  }

  /** Checks the first pages, as far as they can be read without a wait. */
  checkAll(nrPages: number): void {
    for (let page = 0; page < nrPages; page++) this.check(page);
  }

  exit(): void {
    exitProcess(this.scene.machine, this.scene.cpu, this.mm);
  }
}
