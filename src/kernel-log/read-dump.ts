import { printable } from '../base/quoted.js';
import type { Allocation, DumpedHead, DumpedMapping, DumpedPage } from './dumped-page.js';

type Draft = { -readonly [K in keyof DumpedPage]: DumpedPage[K] };

const WORDS_MAX = 8;
const STACK_MAX = 8;
const NAME_MAX = 255;

const FIRST_LINE = /^page:/;
const REFCOUNT = /\b(?:ref)?count:(-?\d{1,10})(?= )/;
const MAPCOUNT = /\bmapcount:(-?\d{1,10})(?= )/;
const MAPPING = /\bmapping: ?([^ ]{1,40})(?= )/;
const PFN = /\bpfn:0x([0-9a-f]{1,13})$/;

/** In kernels before 6.9 a page's type lies in its mapcount, bits turned off (include/linux/page-flags.h PG_buddy …). */
const TYPE_BY_MAPCOUNT: Readonly<Record<number, string>> = {
  [-128]: 'buddy',
  [-256]: 'offline',
  [-512]: 'table',
  [-1024]: 'guard',
};

/** A dump from its first line on; what follows is told to it line by line. */
export class DumpReader {
  readonly #draft: Draft;
  readonly #stack: string[] = [];
  readonly #words: string[] = [];
  #isAllocationRead = false;

  private constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** Begins a dump; null if this is not the first line of one, or not a whole one. */
  static begin(text: string): DumpReader | null {
    if (!FIRST_LINE.test(text)) return null;
    const refcount = REFCOUNT.exec(text)?.[1];
    const mapcount = Number(MAPCOUNT.exec(text)?.[1] ?? Number.NaN);
    const mapping = MAPPING.exec(text)?.[1];
    if (refcount === undefined || Number.isNaN(mapcount) || mapping === undefined) return null;
    const pfn = PFN.exec(text)?.[1];
    return new DumpReader({
      pfn: pfn === undefined ? null : Number.parseInt(pfn, 16),
      refcount: Number(refcount),
      mapcount: Math.max(0, mapcount),
      pageType: TYPE_BY_MAPCOUNT[mapcount] ?? null,
      head: null,
      userOf: null,
      mapping: null,
      hasMapping: !/^(?:0x)?0+$/.test(mapping),
      flags: [],
      node: null,
      isCma: false,
      words: [],
      allocation: null,
      because: null,
    });
  }

  /** True if the line belongs to the dump; other subsystems may speak in between. */
  add(text: string): boolean {
    return READERS.some(([pattern, read]) => {
      const match = pattern.exec(text);
      if (match === null) return false;
      read(this, match);
      return true;
    });
  }

  /** As far as it was read. */
  get page(): DumpedPage {
    const allocation = this.#draft.allocation;
    return {
      ...this.#draft,
      words: [...this.#words],
      allocation: allocation === null ? null : { ...allocation, stack: [...this.#stack] },
    };
  }

  set(change: Partial<DumpedPage>): void {
    Object.assign(this.#draft, change);
  }

  addWords(words: readonly string[]): void {
    for (const word of words) if (this.#words.length < WORDS_MAX) this.#words.push(word);
  }

  /** Functions of the stack that allocated the page. */
  addToStack(name: string): void {
    const isWanted = this.#draft.allocation !== null && !this.#isAllocationRead;
    if (isWanted && this.#stack.length < STACK_MAX) this.#stack.push(name);
  }

  /** What follows is of whoever had the page before. */
  endStack(): void {
    this.#isAllocationRead = true;
  }
}

type Reader = (dump: DumpReader, match: RegExpExecArray) => void;

/**
 * The lines after the first. Each pattern is tried on its own, so an order of lines that changes does no harm. None may
 * match a text in more ways than one, as words do that can follow each other without a space: a log may be anybody's.
 */
const READERS: ReadonlyArray<readonly [RegExp, Reader]> = [
  [/^head:(?:[^ ]{1,40})? order:(\d{1,2})\b(.{0,200})$/, (dump, match) => dump.set({ head: headOf(match) })],
  [/^(anon |ksm )?flags: 0x[0-9a-f]{1,16}\(([^()]{0,400})\)( CMA)?/, readFlags],
  [
    /^raw: ((?:[0-9a-f]{8,16} ){0,7}[0-9a-f]{8,16}) ?$/,
    (dump, match) => dump.addWords((match[1] as string).split(' ')),
  ],
  [/^head: (?:[0-9a-f]{8,16} ){0,7}[0-9a-f]{8,16} ?$/, () => {}],
  [/^page_type: (?:0x)?[0-9a-f]{1,8}\((\w{1,20})\)/, (dump, match) => dump.set({ pageType: match[1] as string })],
  [/^aops:(\w{1,80})(.{0,400})$/, (dump, match) => dump.set({ mapping: mappingOf(match), hasMapping: true })],
  // Before 5.12 the name of the file's mapping stands alone, after the pointer to it.
  [/^(\w{1,80}_aops|\w{1,80}_operations) name:"(.{0,255})"$/, readOldMapping],
  [/^(?:memcg|page->mem_cgroup|pages's memcg):[0-9a-f]{1,16}$/, () => {}],
  [/^page dumped because: (.{1,80})$/, (dump, match) => dump.set({ because: match[1] as string })],
  [/^page_owner (?:tracks the page|info is not present)/, () => {}],
  [/^page last allocated via order \d+,.{0,400}$/, (dump, match) => dump.set({ allocation: allocationOf(match) })],
  [/^page last free (?:pid|stack)/, (dump) => dump.endStack()],
  [
    /^ +([A-Za-z_][\w.]{0,80})\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}$/,
    (dump, match) => dump.addToStack(match[1] as string),
  ],
];

function headOf([, order, rest = '']: RegExpExecArray): DumpedHead {
  const number = (pattern: RegExp) => {
    const found = pattern.exec(rest)?.[1];
    return found === undefined ? null : Number(found);
  };
  return {
    order: Number(order),
    mapcount: number(/ mapcount:(-?\d{1,10})\b/),
    entireMapcount: number(/ (?:compound|entire)_mapcount:(-?\d{1,10})\b/),
    pincount: number(/ (?:compound_)?pincount:(-?\d{1,10})\b/),
  };
}

function readFlags(dump: DumpReader, [, user, list = '', cma]: RegExpExecArray): void {
  const words = list.split('|').filter((word) => word !== '');
  const node = words.find((word) => word.startsWith('node='));
  dump.set({
    userOf: user === undefined ? null : (user.trim() as 'anon' | 'ksm'),
    flags: words.filter((word) => /^[a-z_0-9]{1,24}$/.test(word)),
    node: node === undefined ? null : Number(node.slice('node='.length)),
    isCma: cma !== undefined,
  });
}

function mappingOf([, aops, rest = '']: RegExpExecArray): DumpedMapping {
  return {
    aops: aops as string,
    ino: / ino:([0-9a-f]{1,16})\b/.exec(rest)?.[1] ?? null,
    name: nameOf(/ dentry name(?:\(\?\))?:"(.*)"$/.exec(rest)?.[1]),
  };
}

function readOldMapping(dump: DumpReader, [, aops, name]: RegExpExecArray): void {
  dump.set({ mapping: { aops: aops as string, ino: null, name: nameOf(name) }, hasMapping: true });
}

/** Whoever names a file may put anything into its name. */
function nameOf(name: string | undefined): string | null {
  if (name === undefined) return null;
  return printable(name.slice(0, NAME_MAX));
}

function allocationOf([line]: RegExpExecArray): Allocation {
  const match = /\bpid (\d{1,10})(?:, tgid \d{1,10} \(([^)]{0,32})\))?/.exec(line);
  return { pid: match === null ? null : Number(match[1]), command: nameOf(match?.[2]), stack: [] };
}
