import anonymous from '../../plugins/anonymous/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import { Prng } from '../../src/base/prng.js';
import { createEvacuator, type Evacuator } from '../../src/container/create-evacuator.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { BLOCK_ONLINE } from '../../src/mm/memory-block.js';
import { NR_MIGRATETYPES } from '../../src/mm/migratetype.js';
import { FREE_FLAGS } from '../../src/mm/page-flags.js';
import { isFile, isMigration, isPresent, isSwap, ptePayload } from '../../src/mm/pte.js';
import { PAGEBLOCK_PAGES } from '../../src/mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../src/mm/zone.js';
import { VM_NONLINEAR, VM_SHARED } from '../../src/sim/address-space.js';
import { originalHi, originalLo, readContents, readStored } from '../../src/sim/contents.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { MAPPING_SHMEM, mappingOfPage } from '../../src/sim/mappings.js';
import { onlineBlock } from '../../src/sim/memory-blocks.js';
import { findInCache } from '../../src/sim/page-cache.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { isIsolated } from '../../src/sim/pageblocks.js';
import { SimHost } from '../../src/sim/sim-host.js';
import { simModule } from '../../src/sim/sim-module.js';

export const SHIPPED: readonly PageType[] = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

type Words = readonly [lo: number, hi: number];
const ZERO: Words = [0, 0];
/** Both words of a page of which only a part was written: no stamp has them. */
const TORN = 0xffff_ffff;

/** What a process should read, kept apart from the machine in ordinary objects: the oracle. */
interface ProcessModel {
  readonly mm: number;
  readonly vmas: Map<number, Map<number, Words>>;
}

/** A machine, its evacuator, and a model of what every virtual page was last told to hold. */
export class World {
  readonly machine: Machine;
  readonly evacuator: Evacuator;
  readonly processes: ProcessModel[] = [];
  readonly files = new Map<number, Map<number, Words>>();
  readonly kernelPages: number[] = [];
  /** The driver's pool, 0 until there is one. */
  pool = 0;
  #stamp = 0;
  readonly #out = new Uint32Array(2);
  readonly #freeInIsolation: Uint8Array;

  constructor(
    shape: { seed: number; blocks: number; nodes: number; bytes: boolean; swapPages: number; cpus: number },
    host?: (m: Machine) => SimHost,
  ) {
    const prng = new Prng(shape.seed);
    const blockPages = 1024;
    const perNode = Math.max(2, Math.floor(shape.blocks / shape.nodes));
    const zones = Array.from({ length: shape.nodes }, (_, node) => {
      const start = node * perNode * blockPages;
      const movableFrom = start + blockPages * (1 + prng.below(perNode - 1));
      const end = start + perNode * blockPages;
      return [
        {
          node,
          kind: 'Normal' as const,
          start,
          end: movableFrom,
          watermarks: watermarksFromMin(8 + prng.below(24)),
          lowmemReserve: NO_LOWMEM_RESERVE,
        },
        {
          node,
          kind: 'Movable' as const,
          start: movableFrom,
          end,
          watermarks: watermarksFromMin(8),
          lowmemReserve: NO_LOWMEM_RESERVE,
        },
      ];
    }).flat();
    const nrBlocks = perNode * shape.nodes;
    this.machine = createMachine({
      name: 'swarm',
      nrPfns: nrBlocks * blockPages,
      nrCpus: shape.cpus,
      blockPages,
      zones,
      blocks: Array.from({ length: nrBlocks }, (_, block) => ({ block, state: BLOCK_ONLINE })),
      dimms: [],
      nrSwapSlots: shape.swapPages,
      contents: shape.bytes ? 'bytes' : 'token',
      capacity: { processes: 32, vmas: 256, mappings: 256, extents: 512, tables: 512, leaves: 256, holds: 512 },
    });
    for (let block = 0; block < nrBlocks; block++) onlineBlock(this.machine, block);
    const module = simModule(this.machine, host);
    this.evacuator = createEvacuator({ host: module, plugins: SHIPPED });
    this.#freeInIsolation = new Uint8Array(this.machine.spec.nrPfns);
  }

  /** Two words that nothing else holds. */
  stamp(): Words {
    this.#stamp++;
    return [this.#stamp, (this.#stamp * 0x9e3779b1) >>> 0];
  }

  model(mm: number): ProcessModel {
    return this.processes.find((process) => process.mm === mm) as ProcessModel;
  }

  /** What a page of a file holds, according to the oracle. */
  fileWords(file: number, page: number): Words {
    const written = this.files.get(file)?.get(page);
    if (written !== undefined) return written;
    return this.machine.mapKind[file] === MAPPING_SHMEM ? ZERO : [originalLo(file, page), originalHi(file, page)];
  }

  /** What a virtual page should read; null where the file has no such page any more. */
  expected(vma: number, vpn: number): Words | null {
    return this.model(this.machine.vmaMm[vma]!).vmas.get(vma)?.get(vpn) ?? this.#unwritten(vma, vpn);
  }

  /** What a virtual page should read that its process has never written. */
  #unwritten(vma: number, vpn: number): Words | null {
    const m = this.machine;
    const file = m.vmaFile[vma]!;
    if (file === 0) return ZERO;
    const page = this.filePageAt(vma, vpn);
    return page < m.mapPages[file]! ? this.fileWords(file, page) : null;
  }

  /** The page of the file that a virtual page shows: by its place, or as remap_file_pages said. */
  filePageAt(vma: number, vpn: number): number {
    const m = this.machine;
    const linear = vpn - m.vmaStart[vma]! + m.vmaOffset[vma]!;
    if ((m.vmaFlags[vma]! & VM_NONLINEAR) === 0) return linear;
    const pte = pteOf(m, m.vmaMm[vma]!, vpn);
    if (isFile(pte)) return ptePayload(pte);
    if (!isPresent(pte)) return linear;
    const pfn = ptePayload(pte);
    return m.index[pfn]! - m.mapBase[mappingOfPage(m, pfn)]!;
  }

  noteWrite(vma: number, vpn: number, words: Words): void {
    const m = this.machine;
    if (m.vmaFile[vma] !== 0 && (m.vmaFlags[vma]! & VM_SHARED) !== 0) {
      this.noteFileWrite(m.vmaFile[vma]!, this.filePageAt(vma, vpn), words);
      return;
    }
    this.model(m.vmaMm[vma]!).vmas.get(vma)!.set(vpn, words);
  }

  noteFileWrite(file: number, page: number, words: Words): void {
    this.files.get(file)!.set(page, words);
  }

  /** Everything that is wrong: broken invariants, and virtual pages that do not read what was last written to them. */
  faults(): string[] {
    return [...this.evacuator.host.validate(), ...this.#wrongContents()];
  }

  #wrongContents(): string[] {
    const m = this.machine;
    const wrong: string[] = [];
    for (const { mm, vmas } of this.processes) {
      for (const [vma, written] of vmas) {
        const end = m.vmaStart[vma]! + m.vmaPages[vma]!;
        for (let vpn = m.vmaStart[vma]!; vpn < end; vpn++) {
          if (!this.#peek(mm, vpn)) continue;
          const lo = this.#out[0];
          const hi = this.#out[1];
          const expected = written.get(vpn) ?? this.#unwritten(vma, vpn);
          if (expected === null || lo !== expected[0] || hi !== expected[1])
            wrong.push(`process ${mm}, page ${vpn}: reads ${lo},${hi}, last written was ${String(expected)}`);
        }
      }
    }
    for (const file of this.files.keys()) {
      for (let page = 0; page < m.mapPages[file]!; page++) {
        const pfn = findInCache(m, m.mapBase[file]! + page);
        if (pfn > m.spec.nrPfns) continue;
        const whole = readContents(m, pfn, this.#out);
        const [lo, hi] = this.fileWords(file, page);
        if (!whole || this.#out[0] !== lo || this.#out[1] !== hi)
          wrong.push(`file ${file}, page ${page}: the cache reads something else`);
      }
    }
    return wrong.slice(0, 10);
  }

  /** Reads what a virtual page holds into `#out`, without faulting it in; false if it never was. */
  #peek(mm: number, vpn: number): boolean {
    const m = this.machine;
    const pte = pteOf(m, mm, vpn);
    if (pte === 0 || isFile(pte)) return false;
    let whole: boolean;
    if (isPresent(pte) || isMigration(pte)) whole = readContents(m, ptePayload(pte), this.#out);
    else if (isSwap(pte)) {
      const cached = m.swapCache[ptePayload(pte)]!;
      whole = cached !== 0 ? readContents(m, cached - 1, this.#out) : readStored(m, ptePayload(pte), this.#out);
    } else return false;
    if (!whole) this.#out.fill(TORN);
    return true;
  }

  /** Isolated pages are never handed out: one that was free in isolation must be free as long as that lasts. */
  checkIsolation(): string | null {
    const { flags, migratetype } = this.machine;
    const freeInIsolation = this.#freeInIsolation;
    for (let pageblock = 0; pageblock < migratetype.length; pageblock++) {
      const start = pageblock * PAGEBLOCK_PAGES;
      // Asked at every pause: pageblocks of which nothing is isolated are most of them.
      if (migratetype[pageblock]! < NR_MIGRATETYPES) {
        freeInIsolation.fill(0, start, start + PAGEBLOCK_PAGES);
        continue;
      }
      for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) {
        const free = (flags[pfn]! & FREE_FLAGS) !== 0;
        if (!isIsolated(this.machine, pfn)) freeInIsolation[pfn] = 0;
        else if (free) freeInIsolation[pfn] = 1;
        else if (freeInIsolation[pfn] === 1) return `page ${pfn} was handed out of an isolated range`;
      }
    }
    return null;
  }
}
