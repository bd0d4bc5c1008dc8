import { assert } from '../../base/assert.js';
import { ptePayload, swapPte } from '../../mm/pte.js';
import type { Pfn } from '../../mm/units.js';
import { readPage } from '../../sim/access.js';
import { drainLruAddOf, putPage } from '../../sim/page-allocator.js';
import { pteOf } from '../../sim/page-tables.js';
import { unmapForGood } from '../../sim/rmap.js';
import { addToSwap, duplicateSwap, removeFromSwapCache, swapSlotOf } from '../../sim/swap.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from '../../sim/writeback.js';
import { choose } from '../choose.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, expectDone, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

const words = new Uint32Array(2);

/**
 * A process whose memory is swapped out as it asks for it (MADV_PAGEOUT), by the steps of reclaim: a slot, the entries
 * away, the write, the frame freed. Part of it is read again, and is then mapped and in the swap cache.
 */
export class SwappedLoad implements Load {
  readonly #run: Run;
  readonly #readBack: Uint8Array;

  constructor(
    private readonly site: Site,
    { size, readBack }: WorkloadOf<'swapped'>,
  ) {
    const cpu = cpuOf(site, 0);
    this.#run = mapRun(site, newProcess(site, cpu), cpu, size);
    this.#readBack = choose(size, readBack, 'random', site.prng);
  }

  get left(): number {
    return this.#run.nrPages - this.#run.filled;
  }

  fill(nrPages: number): void {
    const { machine } = this.site;
    const { mm, cpu, start } = this.#run;
    const from = this.#run.filled;
    writeRun(this.site, this.#run, nrPages);
    // Pages in the batch are on their way to the LRU and would not be found there.
    drainLruAddOf(machine, cpu);
    const pfns: Pfn[] = [];
    for (let page = from; page < this.#run.filled; page++) pfns.push(ptePayload(pteOf(machine, mm, start + page)));
    this.#swapOut(pfns);
    for (let page = from; page < this.#run.filled; page++)
      if (this.#readBack[page] !== 0) expectDone(this.site, readPage(machine, cpu, mm, start + page, words));
  }

  release(): void {}

  #swapOut(pfns: readonly Pfn[]): void {
    const { machine } = this.site;
    for (const pfn of pfns) {
      if (!addToSwap(machine, pfn)) this.site.fail('finds no free swap slot; make swap larger');
      const slot = swapSlotOf(machine, pfn);
      const isUnmapped = unmapForGood(machine, pfn, swapPte(slot), () => duplicateSwap(machine, slot));
      assert(isUnmapped && startWriteback(machine, pfn), 'a page that only its process has can be swapped out');
    }
    advance(machine, this.#run.cpu, WRITE_LATENCY_NS);
    for (const pfn of pfns) {
      removeFromSwapCache(machine, pfn);
      putPage(machine, this.#run.cpu, pfn);
    }
  }
}
