import type { Prng } from '../base/prng.js';
import { ACCESS_OK, writePage } from '../sim/access.js';
import { createProcess, exitProcess, mapMemory, VM_WRITE, zapPte } from '../sim/address-space.js';
import type { Cpu } from '../smp/cpu.js';
import { wordOf, wordsOfVirtualPage } from './words.js';
import { FoundWrong } from './wrong-word.js';

const FIRST_VPN = 0x1000;
/** Of the pages that are free, one in so many is taken, and every other one of these given back. */
const SHARE = 4;
const PAGES_MAX = 4096;
/** Pages between two turns of others in the kernel. */
const SLICE_PAGES = 128;

/** A process that takes much of what is free and gives half of it back, page by page: what is free is scattered then. */
export class Fragmenter {
  #mm = 0;
  #nrPages = 0;
  /** 1 for each page that was written and not given back. */
  readonly #kept = new Uint8Array(PAGES_MAX);

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
    this.#nrPages = Math.min(PAGES_MAX, Math.floor(free / SHARE));
    const vma = cpu.kernel(() => {
      this.#mm = this.#nrPages === 0 ? 0 : createProcess(m, cpu.cpu);
      const request = { start: FIRST_VPN, nrPages: this.#nrPages, flags: VM_WRITE, file: 0, offset: 0 };
      return this.#mm === 0 ? 0 : mapMemory(m, this.#mm, request);
    });
    if (vma === 0) return;
    const kept = this.#kept.fill(0);
    this.#eachPage((vpn) => {
      const wrote = writePage(m, cpu.cpu, this.#mm, vpn, vpn, this.#mm) === ACCESS_OK;
      kept[vpn - FIRST_VPN] = wrote ? 1 : 0;
      return wrote;
    });
    this.#eachPage((vpn) => {
      if (!prng.chance(0.5)) return true;
      zapPte(m, cpu.cpu, this.#mm, vpn, vma);
      kept[vpn - FIRST_VPN] = 0;
      return true;
    });
  }

  /** Does something for each page, in the kernel, until it fails. */
  #eachPage(work: (vpn: number) => boolean): void {
    const end = FIRST_VPN + this.#nrPages;
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
    this.#eachPage((vpn) => {
      const there = wordsOfVirtualPage(m, mm, vpn)!;
      const [lo, hi] = this.#kept[vpn - FIRST_VPN] === 0 ? [0, 0] : [vpn, mm];
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
