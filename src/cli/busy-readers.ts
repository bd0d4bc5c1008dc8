import { contains, type PfnRange } from '../mm/pfn-range.js';
import { isPresent, ptePayload } from '../mm/pte.js';
import { ACCESS_BLOCKED, ACCESS_OK, readPage } from '../sim/access.js';
import { vmasOf } from '../sim/address-space.js';
import { type Machine, SCALAR } from '../sim/machine.js';
import { pteOf } from '../sim/page-tables.js';

/** Virtual pages that are watched, spread over the range; more would only take longer. */
const WATCHED = 4096;

interface Watched {
  readonly process: number;
  readonly vpn: number;
  readonly lo: number;
  readonly hi: number;
}

/**
 * Processes that go on reading what they have in a range while it is being emptied: each read goes through TLB and page
 * tables as an access does, and must give what it gave before. They only read pages that are in memory, so nothing is
 * faulted in and a run stays reproducible.
 */
export class BusyReaders {
  readonly #pages: readonly Watched[];
  #next = 0;
  reads = 0;
  /** Reads that met a page on its way: the process waits, and reads again. */
  waited = 0;
  wrong = 0;

  constructor(
    private readonly machine: Machine,
    range: PfnRange,
  ) {
    const all = virtualPagesIn(machine, range);
    const stride = Math.max(1, Math.floor(all.length / WATCHED));
    const out = new Uint32Array(2);
    this.#pages = all
      .filter((_, i) => i % stride === 0)
      .flatMap(([process, vpn]) => {
        const access = readPage(machine, 0, process, vpn, out);
        return access === ACCESS_OK ? [{ process, vpn, lo: out[0]!, hi: out[1]! }] : [];
      });
  }

  /** The next reads, each on the CPU whose turn it is. */
  read(times: number): void {
    const { machine } = this;
    const out = new Uint32Array(2);
    for (let i = 0; i < times && this.#pages.length > 0; i++) {
      const { process, vpn, lo, hi } = this.#pages[this.#next]!;
      const access = readPage(machine, this.#next % machine.spec.nrCpus, process, vpn, out);
      this.#next = (this.#next + 1) % this.#pages.length;
      this.reads++;
      if (access === ACCESS_BLOCKED) this.waited++;
      else if (access !== ACCESS_OK || out[0] !== lo || out[1] !== hi) this.wrong++;
    }
  }
}

function virtualPagesIn(machine: Machine, range: PfnRange): [process: number, vpn: number][] {
  const pages: [number, number][] = [];
  for (let process = 1; process <= machine.scalars[SCALAR.mmFill]!; process++) {
    if (machine.mmAlive[process] === 0) continue;
    for (const vma of vmasOf(machine, process)) {
      const end = machine.vmaStart[vma]! + machine.vmaPages[vma]!;
      for (let vpn = machine.vmaStart[vma]!; vpn < end; vpn++) {
        const pte = pteOf(machine, process, vpn);
        if (isPresent(pte) && contains(range, ptePayload(pte))) pages.push([process, vpn]);
      }
    }
  }
  return pages;
}
