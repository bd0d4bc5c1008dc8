import type { MemoryHost } from '../../../host/memory-host.js';
import { PG_ANON, PG_DIRTY, PG_MLOCKED, PG_SWAPCACHE } from '../../../mm/page-flags.js';
import type { Pfn } from '../../../mm/units.js';
import type { HazardReport } from './hazards.js';
import { HostDecorator } from './host-decorator.js';
import type { Deviations } from './switches.js';

/**
 * A host on which the steps of a move go as can_move_page() has them. What it may do without harm it does: a move that
 * fails on an innocent VMA. What would have lost contents, shown garbage to another CPU or corrupted a list it counts, and
 * does the protocol's step instead. With no switch on it is the host as it is.
 */
export class PostedHost extends HostDecorator {
  /** Anonymous pages that would be on no LRU list by now. */
  readonly stranded = new Set<Pfn>();
  /** Pages that page tables named when their move began. */
  readonly #unmapped = new Set<Pfn>();

  constructor(
    host: MemoryHost,
    private readonly on: Deviations,
    private readonly hazards: HazardReport,
  ) {
    super(host);
  }

  override unmap(pfn: Pfn): boolean {
    const anonymous = (this.columns.flags[pfn]! & PG_ANON) !== 0;
    if (!(anonymous ? this.#anonMayGo(pfn) : this.#fileMayGo(pfn))) return false;
    if (this.columns.mapcount[pfn] === 0) this.#unmapped.delete(pfn);
    else this.#unmapped.add(pfn);
    return this.host.unmap(pfn);
  }

  #anonMayGo(pfn: Pfn): boolean {
    if (this.on['swapcache-fall-through'] && this.#recheckFails(pfn)) {
      this.hazards.add('moved-after-giving-up', pfn);
      return false;
    }
    if (!this.on['strict-anon-vma']) return true;
    let switched = 0;
    for (const { covers, maps } of this.host.reverseMap(pfn)) {
      if (maps) {
        switched++;
        continue;
      }
      // avma_address() fails after page_table_lock was taken, and returns past its release.
      if (!covers) this.hazards.add('lock-left-held', pfn);
      // What was switched so far is: the service undoes it, as it undoes every move that fails.
      if (switched > 0) this.host.unmap(pfn);
      return false;
    }
    return true;
  }

  /** Under the swapper's lock: cache, mapping and the mover are the only ones to hold it. */
  #recheckFails(pfn: Pfn): boolean {
    const { count, flags, mapcount } = this.columns;
    return (flags[pfn]! & PG_SWAPCACHE) !== 0 && count[pfn] !== mapcount[pfn]! + 2;
  }

  #fileMayGo(pfn: Pfn): boolean {
    if (!this.on['mapped-file-refused']) return true;
    if (!this.host.reverseMap(pfn).some(({ covers, maps }) => covers && !maps)) return true;
    // redo_unmaps is reached with i_mmap_lock taken.
    this.hazards.add('lock-left-held', pfn);
    return false;
  }

  /** Back to the source: the roll-back that the posted code lacks. */
  override remap(source: Pfn, target: Pfn): void {
    const { flags, mapcount } = this.columns;
    const before = mapcount[target]!;
    this.host.remap(source, target);
    if (source !== target || !this.on['no-rollback']) return;
    if (mapcount[target]! > before) this.hazards.add('freed-while-mapped', source);
    if ((flags[source]! & PG_ANON) !== 0) this.hazards.add('double-free', source);
  }

  override copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    for (let i = 0; i < nrPages; i++) {
      // Re-pointed here, as posted, they would let CPUs that take no lock read the new page before it holds anything.
      const mapped = this.#unmapped.delete(sources[i]!);
      if (this.on['ptes-before-copy'] && mapped) this.hazards.add('mapped-before-copy', targets[i]!);
      const anonymous = (this.columns.flags[sources[i]!]! & PG_ANON) !== 0;
      if (this.on['slot-empty-window'] && !anonymous) this.hazards.add('slot-empty', sources[i]!);
    }
    this.host.copy(sources, targets, nrPages);
  }

  override carry(source: Pfn, target: Pfn): void {
    const { hazards, on } = this;
    const flags = this.columns.flags[source]!;
    if ((flags & PG_MLOCKED) !== 0 && on['mlock-ignored']) hazards.add('mlocked-moved', target);
    if ((flags & PG_ANON) === 0) {
      if ((flags & PG_DIRTY) !== 0 && on['dirty-tag-lost']) hazards.add('dirty-tag-lost', target);
    } else if (on['swapcache-fall-through']) {
      hazards.add('off-lru', target);
      hazards.add((flags & PG_SWAPCACHE) !== 0 ? 'swap-cache-lost' : 'unlock-not-held', target);
      this.stranded.add(target);
    }
    this.host.carry(source, target);
  }
}
