import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { readCapture } from '../../../src/capture/index.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';

/** Bits of /proc/kpageflags (linux/kernel-page-flags.h), written out here so that a test trusts no source. */
export const KPF = {
  LOCKED: 1 << 0,
  REFERENCED: 1 << 2,
  UPTODATE: 1 << 3,
  DIRTY: 1 << 4,
  LRU: 1 << 5,
  ACTIVE: 1 << 6,
  SLAB: 1 << 7,
  BUDDY: 1 << 10,
  MMAP: 1 << 11,
  ANON: 1 << 12,
  SWAPCACHE: 1 << 13,
  SWAPBACKED: 1 << 14,
  HEAD: 1 << 15,
  TAIL: 1 << 16,
  HUGE: 1 << 17,
  UNEVICTABLE: 1 << 18,
  NOPAGE: 1 << 20,
  KSM: 1 << 21,
  THP: 1 << 22,
  ZERO_PAGE: 1 << 24,
  IDLE: 1 << 25,
  PGTABLE: 1 << 26,
} as const;
/** Of the high half. */
export const KPF_HIGH = { RESERVED: 1 << 0, MLOCKED: 1 << 1, OWNER_2: 1 << 2, PRIVATE: 1 << 3 } as const;

/** An anonymous page as Linux 6.1 shows it. */
export const ANON_PAGE = KPF.UPTODATE | KPF.LRU | KPF.MMAP | KPF.ANON | KPF.SWAPBACKED;

export const BLOCK_PAGES = 512;
export const NR_BLOCKS = 8;
export const NR_PFNS = BLOCK_PAGES * NR_BLOCKS;

export interface ZoneSketch {
  kind: string;
  node?: number;
  start?: number;
  spanned?: number;
  free?: number;
  managed?: number;
  pcp?: number;
  zspages?: number;
}

/** A section of /proc/zoneinfo, as short as a reader may expect it to be. */
export function zoneSection(zone: ZoneSketch): string {
  const { kind, node = 0, start = 0, spanned = NR_PFNS, free = 0, managed = spanned, pcp = 0, zspages } = zone;
  const lines = [
    `Node ${node}, zone ${kind.padStart(8)}`,
    `  pages free     ${free}`,
    '        boost    0',
    '        min      10',
    '        low      20',
    '        high     30',
    `        spanned  ${spanned}`,
    `        present  ${managed}`,
    `        managed  ${managed}`,
    '        protection: (1, 2, 3, 4, 5)',
  ];
  if (spanned === 0) return `${lines.join('\n')}\n`;
  if (zspages !== undefined) lines.push(`      nr_zspages   ${zspages}`);
  lines.push('  pagesets', '    cpu: 0', `              count: ${pcp}`, '              high:  45');
  lines.push('    cpu: 1', '              count: 0', '              high:  45', `  start_pfn:           ${start}`);
  return `${lines.join('\n')}\n`;
}

export type Page = readonly [low: number, high?: number, mapcount?: number];

/** A capture of `NR_PFNS` pages: free unless drawn, online in zone Movable unless a text says otherwise. */
export class Sketch {
  readonly low = new Uint32Array(NR_PFNS).fill(KPF.BUDDY);
  readonly high = new Uint32Array(NR_PFNS);
  readonly mapcounts = new Uint32Array(NR_PFNS);
  /** Contents of text files; null for a file that is not there. `zoneinfo` is made up from `zones` unless given. */
  readonly texts: Record<string, string | null> = {
    block_size_bytes: '200000\n',
    memory_blocks: Array.from({ length: NR_BLOCKS }, (_, block) => `memory${block} online 1 Movable\n`).join(''),
    iomem: '00001000-00ffffff : System RAM\n',
    meminfo: 'SwapTotal:         400 kB\n',
  };
  zones: ZoneSketch[] = [{ kind: 'Movable' }];
  hasCounts = true;

  draw(pfn: number, [low, high = 0, mapcount = 0]: Page, nrPages = 1): this {
    this.low.fill(low, pfn, pfn + nrPages);
    this.high.fill(high, pfn, pfn + nrPages);
    this.mapcounts.fill(mapcount, pfn, pfn + nrPages);
    return this;
  }

  write(): string {
    const directory = temporaryDirectory();
    const zoneinfo = this.zones.map((zone) => zoneSection({ free: this.#nrFree(zone), ...zone })).join('');
    for (const [name, text] of Object.entries({ zoneinfo, ...this.texts })) {
      if (text !== null) writeFileSync(join(directory, name), text);
    }
    writeFileSync(join(directory, 'kpageflags.gz'), gzipSync(wordBytes(this.low, this.high)));
    if (this.hasCounts) {
      writeFileSync(join(directory, 'kpagecount.gz'), gzipSync(wordBytes(this.mapcounts, new Uint32Array(NR_PFNS))));
    }
    return directory;
  }

  read(): MachineImage {
    return readCapture(this.write());
  }

  #nrFree({ start = 0, spanned = NR_PFNS }: ZoneSketch): number {
    return this.low.subarray(start, start + spanned).filter((word) => (word & KPF.BUDDY) !== 0).length;
  }
}

export function wordBytes(low: Uint32Array, high: Uint32Array): Buffer {
  const bytes = Buffer.alloc(low.length * 8);
  for (const [pfn, word] of low.entries()) {
    bytes.writeUInt32LE(word, pfn * 8);
    bytes.writeUInt32LE(high[pfn] as number, pfn * 8 + 4);
  }
  return bytes;
}

const made: string[] = [];

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vacate-capture-'));
  made.push(directory);
  return directory;
}

/** For `afterAll`: every test file cleans up what it made. */
export function removeTemporaryDirectories(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A real capture: "mixed-offline/before-memory32". */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/captures/${name}`, import.meta.url));
}

/** A copy of a real capture, to be spoilt. */
export function copyOf(name: string): string {
  const directory = join(temporaryDirectory(), 'copy');
  mkdirSync(directory);
  cpSync(fixture(name), directory, { recursive: true });
  return directory;
}

/** The sentence a reading fails with; fails itself if the reading does not, or with an error of another kind. */
export function refusalOf(directory: string): string {
  try {
    readCapture(directory);
  } catch (error) {
    const { name, kind, message } = error as { name?: string; kind?: string; message?: string };
    if (name !== 'VacateError' || kind !== 'capture') throw error;
    return message ?? '';
  }
  throw new Error(`${directory} was read without complaint`);
}
