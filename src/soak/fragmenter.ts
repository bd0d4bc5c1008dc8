import type { Prng } from '../base/prng.js';
import { ACCESS_OK, writePage } from '../sim/access.js';
import { createProcess, exitProcess, mapMemory, VM_WRITE } from '../sim/address-space.js';
import type { Cpu } from '../smp/cpu.js';
import { wordOf, wordsOfVirtualPage } from './words.js';
import { FoundWrong } from './wrong-word.js';

const FIRST_VPN = 0x1000;
/** Of the pages that are free, one in so many is taken, and about every other one of these given back. */
const SHARE = 4;
const PAGES_MAX = 4096;
/** Pages between two turns of others in the kernel. */
const SLICE_PAGES = 128;

/** Two processes that take much of what is free, a page in turn, one of which ends: what is free is scattered then. */
export class Fragmenter {
  /** The one that stays; 0 if there is none. */
  #mm = 0;
  /** 1 for each page that it has written. */
  readonly #written = new Uint8Array(PAGES_MAX);

  constructor(
    private readonly cpu: Cpu,
    private readonly prng: Prng,
  ) {}

  /** Fragments memory; the next turn ends that, after a look at what the process reads. */
  turn(): void {
    if (this.#mm === 0) this.#begin();
    else this.#end();
  }

  #begin(): void {
    const { cpu, prng } = this;
    const m = cpu.machine;
    const free = m.nrFree.reduce((sum, pages) => sum + pages, 0);
    const nrPages = Math.min(PAGES_MAX, Math.floor(free / SHARE));
    const passing = this.#create();
    this.#mm = this.#create();
    this.#written.fill(0);
    this.#eachPage(nrPages, (vpn) => {
      const mm = prng.chance(0.5) ? this.#mm : passing;
      if (mm === 0 || writePage(m, cpu.cpu, mm, vpn, vpn, mm) !== ACCESS_OK) return false;
      if (mm === this.#mm) this.#written[vpn - FIRST_VPN] = 1;
      return true;
    });
    if (passing !== 0) cpu.kernel(() => exitProcess(m, cpu.cpu, passing));
  }

  #create(): number {
    const { cpu } = this;
    const request = { start: FIRST_VPN, nrPages: PAGES_MAX, flags: VM_WRITE, file: 0, offset: 0 };
    return cpu.kernel(() => {
      const mm = createProcess(cpu.machine, cpu.cpu);
      if (mm !== 0) mapMemory(cpu.machine, mm, request);
      return mm;
    });
  }

  /** Does something for each page, in the kernel, until it fails. */
  #eachPage(nrPages: number, work: (vpn: number) => boolean): void {
    const end = FIRST_VPN + nrPages;
    let goesOn = true;
    for (let first = FIRST_VPN; first < end && goesOn; first += SLICE_PAGES)
      this.cpu.kernel(() => {
        for (let vpn = first; vpn < Math.min(end, first + SLICE_PAGES) && goesOn; vpn++) goesOn = work(vpn);
      });
  }

  #end(): void {
    const { cpu } = this;
    const m = cpu.machine;
    const mm = this.#mm;
    this.#eachPage(PAGES_MAX, (vpn) => {
      const there = wordsOfVirtualPage(m, mm, vpn)!;
      const [lo, hi] = this.#written[vpn - FIRST_VPN] === 0 ? [0, 0] : [vpn, mm];
      for (let word = 0; word < m.contentWords; word++) {
        const found = there.words[there.at + word]!;
        const expected = wordOf(lo, hi, word);
        const whose = `process ${mm}, which fragments memory`;
        if (found !== expected)
          throw new FoundWrong({ whose, mm, page: vpn, word, expected, found, frame: there.frame });
      }
      return true;
    });
    cpu.kernel(() => exitProcess(m, cpu.cpu, mm));
    this.#mm = 0;
  }
}
