import { PG_KSM, PG_NOPAGE } from '../mm/page-flags.js';
import { MAX_PFN, PAGE_SIZE } from '../mm/units.js';
import { chunkOf, flagsFor } from '../simd/page-chunk.js';
import type { CaptureSource } from './capture-source.js';
import { type Census, emptyCensus } from './census.js';
import { forgetWords, translateFlags } from './kpageflags.js';
import type { PageFileReader } from './page-file-reader.js';

const USUAL_BLOCK_PAGES = 2 ** 15;
const LEAST_PAGES = 2 ** 10;

/** The flags of all pages, translated and counted while kpageflags is read. */
export class PageTable implements PageFileReader {
  readonly name = 'kpageflags';
  /** So many pages the file has; null as long as there is none. */
  nrPages: number | null = null;
  #flags: Uint32Array = new Uint32Array(0);
  #census = emptyCensus(0);
  /** All flags that some page has. */
  #any = 0;

  constructor(
    private readonly files: CaptureSource,
    readonly onProgress: (part: number) => void,
  ) {}

  /** Makes room for as many pages as there will be by the other files; the system gives memory to what is written only. */
  begin(nrPagesMost: number): void {
    this.nrPages = 0;
    this.#grow(Math.min(nrPagesMost, Math.max(LEAST_PAGES, expectedPages(this.files))));
  }

  add(words: Uint32Array): void {
    const start = this.nrPages ?? 0;
    const end = start + words.length / 2;
    if (end > this.#flags.length) this.#grow(Math.min(Math.max(end, 2 * this.#flags.length), MAX_PFN + 1));
    this.#any |= translateFlags(words, this.#flags, start, this.#census);
    this.nrPages = end;
  }

  /** The words had best be read to where they will be looked at. */
  get room(): Uint32Array {
    return chunkOf(this.#flags).columns.words;
  }

  /** As many as wanted: what the file does not reach is no page. */
  flagsOf(nrPfns: number): Uint32Array {
    if (nrPfns > this.#flags.length) this.#grow(nrPfns);
    this.#flags = this.#flags.subarray(0, nrPfns);
    return this.#flags.fill(PG_NOPAGE, this.nrPages ?? 0);
  }

  /** As the pages were read. */
  get census(): Census {
    return this.#census;
  }

  /** False if no page has the KSM flag. */
  get hasKsm(): boolean {
    return (this.#any & PG_KSM) !== 0;
  }

  #grow(nrPages: number): void {
    const flags = flagsFor(nrPages);
    forgetWords(flags);
    flags.set(this.#flags.subarray(0, this.nrPages ?? 0));
    this.#flags = flags;
    const census = emptyCensus(nrPages);
    census.set(this.#census);
    this.#census = census;
  }
}

/** A guess that costs nothing if it is wrong: both texts are read with all care later. */
function expectedPages(files: CaptureSource): number {
  const blockBytes = Number.parseInt(files.text('block_size_bytes') ?? '', 16);
  const blockPages = blockBytes > 0 ? blockBytes / PAGE_SIZE : USUAL_BLOCK_PAGES;
  let last = 0;
  for (const [, block] of (files.text('memory_blocks') ?? '').matchAll(/^memory(\d{1,9}) /gm))
    last = Math.max(last, Number(block) + 1);
  return Math.min(MAX_PFN + 1, Math.ceil(last * blockPages));
}
