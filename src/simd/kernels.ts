import { MODULE_BYTES } from './module-bytes.js';

/**
 * Inner loops that WebAssembly does faster than any JavaScript (src/simd/assembly), over the bytes of one memory.
 * Pages and addresses count from its start.
 */
export interface Kernels {
  /** One page of 4 KiB. */
  copyPage(source: number, target: number): void;
  /** Four pages, s0 to t0 and so on; none of the four sources may be one of the targets. */
  copyFourPages(s0: number, s1: number, s2: number, s3: number, t0: number, t1: number, t2: number, t3: number): void;
  /** Pages in use of `nrBlocks` pageblocks, from a word of flags a page, as 16 bits a pageblock at `use`. */
  useOfWords(flags: number, nrBlocks: number, use: number): void;
  /** The same from a byte a page, whose bit 0 says so; holes are not known. */
  useOfBytes(bytes: number, nrBlocks: number, use: number): void;
  /** Pages of each pageblock whose flags under `mask` are `wanted`, as 16 bits a pageblock at `counts`. */
  countWords(flags: number, nrBlocks: number, mask: number, wanted: number, counts: number): void;
  /** As src/simd/chunk-columns.ts says of steps; what a name is given for is the address of that column. */
  runsOfWords(words: number, nrPages: number, place: number, runs: number): number;
  runsOfFlags(flags: number, nrPages: number, place: number, runs: number): number;
  translateRuns(
    words: number,
    runs: number,
    run: number,
    nrRuns: number,
    place: number,
    translations: number,
    flags: number,
    census: number,
    any: number,
  ): number;
  sortOutRuns(
    words: number,
    flags: number,
    runs: number,
    run: number,
    nrRuns: number,
    sorts: number,
    kept: number,
    mapcounts: number,
    found: number,
    nrFound: number,
  ): number;
  tallyRuns(
    flags: number,
    runs: number,
    run: number,
    nrRuns: number,
    looks: number,
    tallies: number,
    found: number,
    nrFound: number,
  ): number;
  /** As src/simd/page-looks.ts, src/simd/palettes.ts and src/simd/deflate-literals.ts say; what a name is given for is an address. */
  bytesOfWords(words: number, first: number, nrPages: number, slots: number, bytes: number): number;
  firstUnlike(known: number, now: number, first: number, end: number): number;
  countBytes(bytes: number, end: number, counts: number): void;
  putCodes(bytes: number, end: number, codes: number, to: number, bits: number, nrBits: number): number;
  packPalettes(bytes: number, end: number, packed: number, codes: number): number;
  /** As src/recording/pack-events.ts says. */
  packPageEvents(words: number, nrEvents: number, runs: number, packed: number): number;
}

/** Bytes that kernels reach. */
export interface KernelMemory {
  /** At least as long as was asked for, zero-filled, and on a page boundary of the host. */
  readonly buffer: ArrayBuffer;
  readonly kernels: Kernels;
}

/** What we use of WebAssembly. Node's types do not have it, and where it is missing we do without. */
interface WebAssemblyApi {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const WASM_PAGE_BYTES = 65_536;
/** What 32 bits can address. */
const MEMORY_BYTES_MAX = 2 ** 32;

let compiled: object | undefined;

/**
 * Zero-filled memory of so many bytes with kernels over it. Null if there is none: more than 4 GiB, an engine without
 * WebAssembly or its vectors, or not enough address space. Then an ordinary buffer and the TypeScript twins do.
 */
export function kernelMemory(sizeBytes: number): KernelMemory | null {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined || sizeBytes > MEMORY_BYTES_MAX) return null;
  try {
    compiled ??= new WebAssembly.Module(moduleBytes());
    const pages = Math.ceil(sizeBytes / WASM_PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    return { buffer: memory.buffer, kernels: exports as Kernels };
  } catch {
    return null;
  }
}

function moduleBytes(): Uint8Array {
  return Uint8Array.from(atob(MODULE_BYTES), (character) => character.charCodeAt(0));
}
