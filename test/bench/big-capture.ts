import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Prng } from '../../src/base/prng.js';

/**
 * Writes a capture of a machine that is as large as wanted, as real ones are: pageblocks of a few hundred kinds, a quarter
 * of them free, one in seven a transparent huge page, one in twenty the kernel's (outside of zone Movable), the others
 * runs of a dozen pages of memory of processes and files, with the races that two files read after each other have.
 * Counters agree with the pages. The same arguments make the same capture.
 *
 * `npm run build && node dist/test/bench/big-capture.js GIB DIRECTORY [BLOCK_MIB] [--gzip]`; 8 bytes a page and file, in
 * /proc's own form, or as `vacate capture` writes it.
 */
export interface BigCapture {
  readonly gib: number;
  readonly directory: string;
  readonly blockMib?: number;
  readonly zipped?: boolean;
}

const PAGEBLOCK = 512;
const GIB_PAGES = 2 ** 18;
const PIECE_PAGES = 2 ** 20;
/** So many different pageblocks of each kind. */
const VARIANTS = 128;
const NR_ORDERS = 11;
/** Of an x86-64 machine, below the 4 GiB line. */
const PCI_HOLE = { start: 3 * GIB_PAGES, end: 4 * GIB_PAGES } as const;

/** Words of /proc/kpageflags as Linux 6.1 writes them, low and high half, and the page's mappings. */
type Page = readonly [low: number, high: number, mappings: number];
const FREE: Page = [0x400, 0, 0];
const ABSENT: Page = [0x10_0000, 0, 0];
const BARE: Page = [0, 0, 0];
const ANONYMOUS: Page = [0x5828, 0, 1];
const THP: readonly [Page, Page] = [
  [0x40_d828, 0, 1],
  [0x41_1800, 0, 1],
];
const SLAB: readonly [Page, Page] = [
  [0x8080, 0, 0],
  [0x1_0080, 0, 0],
];
/** Kinds of runs in pageblocks of processes, the likelier ones several times. */
const RUNS: readonly Page[] = [
  ...([ANONYMOUS, ANONYMOUS, ANONYMOUS, ANONYMOUS, [0x586c, 0, 1], [0x5868, 0, 2], [0x583c, 0, 1]] as const),
  ...([
    [0x28, 0, 0],
    [0x28, 0, 0],
    [0x6c, 0, 0],
    [0x82c, 8, 3],
    [0x868, 0, 12],
    [0x38, 8, 0],
    [0x4838, 0, 1],
  ] as const),
  ...([[0x7828, 0, 1], FREE, FREE, FREE, FREE] as const),
];
const METADATA: readonly Page[] = [
  [0x20, 8, 0],
  [0x30, 8, 0],
  [0x64, 8, 0],
];
const KERNEL_RUNS: readonly Page[] = [BARE, BARE, BARE, [0x400_0000, 0, 0], FREE, [0x28, 0, 0], ...METADATA];

/** A pageblock and what it adds to the counters of its zone. */
interface Sample {
  readonly pages: readonly Page[];
  readonly nrFree: number;
  readonly nrOnLists: number;
  /** Free blocks by order. */
  readonly free: readonly number[];
}

interface Zone {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  nrFree: number;
  nrOnLists: number;
  nrUnmovable: number;
  readonly free: { readonly Unmovable: number[]; readonly Movable: number[] };
}

/** Makes the directory, or writes over what it has. */
export function writeBigCapture({ gib, directory, blockMib = 128, zipped = false }: BigCapture): void {
  mkdirSync(directory, { recursive: true });
  const nrPfns = gib * GIB_PAGES;
  const prng = new Prng(gib);
  const zones = zonesOf(nrPfns);
  const samples = samplesOf(prng.split(1));
  const flags = new PageFile(join(directory, 'kpageflags'), nrPfns, zipped);
  const counts = new PageFile(join(directory, 'kpagecount'), nrPfns, zipped);
  for (let pfn = 0; pfn < nrPfns; pfn += PAGEBLOCK) {
    const zone = zones.find(({ start, end }) => start <= pfn && pfn < end);
    const kind = zone === undefined ? 'absent' : kindOf(prng, zone);
    const sample = samples[kind][prng.below(samples[kind].length)]!;
    flags.put(sample.flags);
    counts.put(sample.counts);
    if (zone !== undefined) addTo(zone, sample, kind);
  }
  flags.close();
  counts.close();
  writeTexts(directory, zones, nrPfns, blockMib * 256);
}

/** Zone Movable is the upper half; a small machine has no memory above 4 GiB. */
function zonesOf(nrPfns: number): Zone[] {
  const half = nrPfns / 2;
  const spans =
    half <= PCI_HOLE.end
      ? [['DMA32', 0, half] as const]
      : [['DMA32', 0, PCI_HOLE.start] as const, ['Normal', PCI_HOLE.end, half] as const];
  const none = () => new Array<number>(NR_ORDERS).fill(0);
  return [...spans, ['Movable', half, nrPfns] as const].map(([kind, start, end]) => ({
    ...{ kind, start, end, nrFree: 0, nrOnLists: 0, nrUnmovable: 0 },
    free: { Unmovable: none(), Movable: none() },
  }));
}

type Kind = 'absent' | 'free' | 'huge' | 'kernel' | 'mixed';

function kindOf(prng: Prng, { kind }: Zone): Kind {
  const roll = prng.below(100);
  if (roll < 25) return 'free';
  if (roll < 40) return 'huge';
  return roll < 50 && kind !== 'Movable' ? 'kernel' : 'mixed';
}

function samplesOf(prng: Prng): Record<Kind, (Sample & { flags: Uint32Array; counts: Uint32Array })[]> {
  const all = (pages: readonly Page[]) => [inWords(sampleOf(pages))];
  const many = (make: () => Page[]) => Array.from({ length: VARIANTS }, () => inWords(sampleOf(make())));
  const filled = (page: Page) => new Array<Page>(PAGEBLOCK).fill(page);
  return {
    absent: all(filled(ABSENT)),
    free: all(filled(FREE)),
    huge: all([THP[0], ...filled(THP[1]).slice(1)]),
    kernel: many(() => kernelPages(prng)),
    mixed: many(() => mixedPages(prng)),
  };
}

function mixedPages(prng: Prng): Page[] {
  const pages: Page[] = [];
  while (pages.length < PAGEBLOCK) {
    const page = prng.chance(0.002) ? BARE : RUNS[prng.below(RUNS.length)]!;
    const length = 1 + prng.below(prng.chance(0.2) ? 64 : 12);
    for (let i = 0; i < length; i++) pages.push(page);
  }
  // One in a few thousand was unmapped, or mapped, between the reads of the two files.
  if (prng.chance(0.1)) pages[prng.below(PAGEBLOCK)] = prng.chance(0.5) ? [0x5828, 0, 0] : [0, 0, 1];
  return pages.slice(0, PAGEBLOCK);
}

function kernelPages(prng: Prng): Page[] {
  const pages: Page[] = [];
  while (pages.length < PAGEBLOCK) {
    if (pages.length % 8 === 0 && prng.chance(0.6)) {
      const order = 1 + prng.below(3);
      pages.push(SLAB[0], ...new Array<Page>(2 ** order - 1).fill(SLAB[1]));
    } else pages.push(KERNEL_RUNS[prng.below(KERNEL_RUNS.length)]!);
  }
  return pages.slice(0, PAGEBLOCK);
}

function sampleOf(pages: readonly Page[]): Sample {
  const free = new Array<number>(NR_ORDERS).fill(0);
  let nrFree = 0;
  let nrOnLists = 0;
  for (let at = 0; at < PAGEBLOCK; ) {
    const isFree = (page: number) => pages[page] === FREE;
    if (!isFree(at)) {
      if (pages[at] === BARE) nrOnLists++;
      at++;
      continue;
    }
    let order = 0;
    while (at % 2 ** (order + 1) === 0 && isRun(at, 2 ** (order + 1), isFree)) order++;
    free[order] = free[order]! + 1;
    nrFree += 2 ** order;
    at += 2 ** order;
  }
  return { pages, nrFree, nrOnLists, free };
}

function isRun(start: number, length: number, isFree: (page: number) => boolean): boolean {
  if (start + length > PAGEBLOCK) return false;
  for (let at = start; at < start + length; at++) if (!isFree(at)) return false;
  return true;
}

function inWords(sample: Sample) {
  const flags = Uint32Array.from(sample.pages.flatMap(([low, high]) => [low, high] as const));
  const counts = Uint32Array.from(sample.pages.flatMap(([, , mappings]) => [mappings, 0]));
  return { ...sample, flags, counts };
}

function addTo(zone: Zone, { nrFree, nrOnLists, free }: Sample, kind: Kind): void {
  const lists = zone.free[kind === 'kernel' ? 'Unmovable' : 'Movable'];
  for (const [order, nr] of free.entries()) lists[order] = lists[order]! + nr;
  zone.nrFree += nrFree;
  if (kind === 'kernel') zone.nrUnmovable++;
  else zone.nrOnLists += nrOnLists;
}

/** A file of 64-bit words that is written in pieces. */
class PageFile {
  readonly #file: number;
  readonly #piece: Uint32Array;
  #filled = 0;

  constructor(
    path: string,
    nrPfns: number,
    private readonly zipped: boolean,
  ) {
    this.#file = openSync(zipped ? `${path}.gz` : path, 'w');
    this.#piece = new Uint32Array(2 * Math.min(nrPfns, PIECE_PAGES));
  }

  put(words: Uint32Array): void {
    this.#piece.set(words, this.#filled);
    this.#filled += words.length;
    if (this.#filled === this.#piece.length) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#piece.buffer, 0, this.#filled * Uint32Array.BYTES_PER_ELEMENT);
    if (bytes.length > 0) writeSync(this.#file, this.zipped ? gzipSync(bytes, { level: 1 }) : bytes);
    this.#filled = 0;
  }
}

function writeTexts(directory: string, zones: readonly Zone[], nrPfns: number, blockPages: number): void {
  const put = (name: string, text: string) => writeFileSync(join(directory, name), text);
  put('block_size_bytes', `${(blockPages * 4096).toString(16)}\n`);
  put('kernel', '6.1.0\n');
  put('meminfo', `MemTotal: ${nrPfns * 4} kB\nSwapTotal: 8388608 kB\nSwapFree: 8388608 kB\nHugePages_Rsvd: 0\n`);
  put('vmstat', 'nr_foll_pin_acquired 4096\nnr_foll_pin_released 4096\npgscan_kswapd 100\npgscan_direct 0\n');
  put('zoneinfo', zones.map(zoneinfoOf).join(''));
  put('pagetypeinfo', pagetypeinfoOf(zones));
  put('iomem', ramOf(zones).map(iomemLine).join(''));
  const blocks = Array.from({ length: nrPfns / blockPages }, (_, block) => ({ block, start: block * blockPages }));
  const lines = blocks.map(({ block, start }) => {
    const own = zones.filter((zone) => zone.start < start + blockPages && start < zone.end);
    const isWhole = own.some((zone) => zone.start <= start && start + blockPages <= zone.end);
    return own.length === 0 ? '' : `memory${block} online 1 ${isWhole ? own[0]!.kind : 'none'}\n`;
  });
  put('memory_blocks', lines.join(''));
}

function zoneinfoOf({ kind, start, end, nrFree, nrOnLists }: Zone): string {
  const nrPages = end - start;
  const lines = [
    `Node 0, zone ${kind.padStart(8)}`,
    `  pages free     ${nrFree}`,
    ...['min', 'low', 'high'].map((mark, index) => `        ${mark.padEnd(8)} ${1000 + 250 * index}`),
    ...['spanned', 'present', 'managed'].map((name) => `        ${name}  ${nrPages}`),
    '        protection: (0, 0, 0, 0, 0)',
    '  pagesets',
    ...[0, 1].flatMap((cpu) => [
      `    cpu: ${cpu}`,
      `              count: ${cpu === 0 ? Math.ceil(nrOnLists / 2) : Math.floor(nrOnLists / 2)}`,
      '              high:  4096',
      '              batch: 63',
    ]),
    `  start_pfn:           ${start}`,
  ];
  return `${lines.join('\n')}\n`;
}

function pagetypeinfoOf(zones: readonly Zone[]): string {
  const heading = 'Free pages count per migrate type at order 0 1 2 3 4 5 6 7 8 9 10\n';
  const lists = zones.flatMap(({ kind, free }) =>
    Object.entries(free).map(([type, counts]) => `Node    0, zone ${kind}, type ${type} ${counts.join(' ')}\n`),
  );
  const blocks = zones.map(({ kind, start, end, nrUnmovable }) => {
    const nrBlocks = (end - start) / PAGEBLOCK;
    return `Node 0, zone ${kind} ${nrUnmovable} ${nrBlocks - nrUnmovable} 0 0 0\n`;
  });
  const types = 'Number of blocks type Unmovable Movable Reclaimable HighAtomic Isolate\n';
  return `${heading}${lists.join('')}\n${types}${blocks.join('')}`;
}

/** Neighbouring zones are one bank. */
function ramOf(zones: readonly Zone[]): { start: number; end: number }[] {
  const banks: { start: number; end: number }[] = [];
  for (const { start, end } of zones) {
    const last = banks.at(-1);
    if (last?.end === start) last.end = end;
    else banks.push({ start, end });
  }
  return banks;
}

function iomemLine({ start, end }: { start: number; end: number }): string {
  const hex = (bytes: number) => bytes.toString(16).padStart(8, '0');
  return `${hex(start * 4096)}-${hex(end * 4096 - 1)} : System RAM\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const [gib = '', directory = '', blockMib = '128'] = words;
  if (!(Number(gib) > 0) || directory === '' || !(Number(blockMib) > 0)) {
    console.error('usage: node dist/test/bench/big-capture.js GIB DIRECTORY [BLOCK_MIB] [--gzip]');
    process.exit(2);
  }
  const zipped = process.argv.includes('--gzip');
  writeBigCapture({ gib: Number(gib), directory, blockMib: Number(blockMib), zipped });
}
