import type { Machine } from '../sim/machine.js';
import { validateMachine } from '../sim/validate.js';
import type { SoakLedger } from './ledger.js';
import type { Residents } from './residents.js';
import { type Area, FIRST_VPN, firstRow } from './shape.js';
import { originalOf, type StandingWords, wordOf, wordsOfFile, wordsOfVirtualPage } from './words.js';
import type { WrongWord } from './wrong-word.js';

/** What came of looking at a machine on which everybody stands still. */
export interface QuietCheck {
  /** Words that were compared. */
  readonly words: number;
  /** The first that is wrong. */
  readonly wrong: WrongWord | null;
  /** Invariants that do not hold, in sentences. */
  readonly broken: readonly string[];
}

/**
 * Compares every word of every page that a process or a file has with what it must be, wherever it stands: in memory, in
 * swap, on disk. Then checks every invariant of the machine. Nobody may do anything meanwhile.
 */
export function checkMachine(m: Machine, ledger: SoakLedger, residents: Residents): QuietCheck {
  const comparison = new Comparison(m, ledger);
  comparison.processes();
  comparison.files();
  comparison.residents(residents);
  const { words, wrong } = comparison;
  return { words, wrong, broken: validateMachine(m) };
}

class Comparison {
  words = 0;
  wrong: WrongWord | null = null;

  constructor(
    private readonly m: Machine,
    private readonly ledger: SoakLedger,
  ) {}

  processes(): void {
    const { m, ledger } = this;
    const { shape, slotOwner, slotMm, commonMm } = ledger;
    for (let slot = 0; slot < shape.nrSlots; slot++) {
      if (slotOwner[slot] === 0) continue;
      const mm = slotMm[slot]!;
      this.#virtual(mm, 'private', slot, shape.privatePages);
      this.#virtual(mm, 'library', slot, shape.libraryPages);
      this.#virtual(mm, 'file', 0, shape.sharedPages);
      this.#virtual(mm, 'shmem', 0, shape.sharedPages);
      if (ledger.slotTemp[slot] === 0) continue;
      const thread = slotOwner[slot]! - 1;
      this.#virtual(mm, 'temp', thread, m.mapPages[ledger.tempFile[thread]!]!);
    }
    this.#virtual(commonMm[0]!, 'common', 0, shape.sharedPages);
  }

  #virtual(mm: number, area: Area, holder: number, nrPages: number): void {
    const row = firstRow(this.ledger.shape, area, holder);
    for (let page = 0; page < nrPages; page++) {
      const there = wordsOfVirtualPage(this.m, mm, FIRST_VPN[area] + page);
      this.#compare(row + page, there, `${area} memory of process ${mm}`, mm, FIRST_VPN[area] + page);
    }
  }

  files(): void {
    const { file, shmem, tempFile, shape } = this.ledger;
    this.#file(file[0]!, 'file', 0, 'the shared file');
    this.#file(shmem[0]!, 'shmem', 0, 'shared memory');
    for (let thread = 0; thread < shape.nrThreads; thread++)
      if (tempFile[thread] !== 0) this.#file(tempFile[thread]!, 'temp', thread, `the file of thread ${thread}`);
  }

  #file(file: number, area: Area, holder: number, whose: string): void {
    const row = firstRow(this.ledger.shape, area, holder);
    for (let page = 0; page < this.m.mapPages[file]!; page++)
      this.#compare(row + page, wordsOfFile(this.m, file, page) ?? this.#unread(file, page), whose, 0, page);
  }

  /** What shared memory reads that nobody has written, or that is lost. */
  #unread(file: number, page: number): StandingWords {
    const [lo, hi] = originalOf(this.m, file, page);
    const words = new Uint32Array(this.m.contentWords).map((_, word) => wordOf(lo, hi, word));
    return { words, at: 0, frame: null };
  }

  #compare(row: number, there: StandingWords | null, whose: string, mm: number, page: number): void {
    const { expected, shape } = this.ledger;
    for (let word = 0; word < shape.words; word++) {
      const right = expected[row * shape.words + word]!;
      if (there?.words[there.at + word] !== right) this.#found(whose, mm, page, word, right, there);
    }
    this.words += shape.words;
  }

  residents({ mm, vpn, lo, hi, mapping, page, fileLo, fileHi }: Residents): void {
    for (let i = 0; i < mm.length; i++) {
      const there = wordsOfVirtualPage(this.m, mm[i]!, vpn[i]!);
      this.#pattern(lo[i]!, hi[i]!, there, `process ${mm[i]}, which never writes`, mm[i]!, vpn[i]!);
    }
    for (let i = 0; i < mapping.length; i++) {
      const there = wordsOfFile(this.m, mapping[i]!, page[i]!);
      this.#pattern(fileLo[i]!, fileHi[i]!, there, `file ${mapping[i]}, to which nobody writes`, 0, page[i]!);
    }
  }

  #pattern(lo: number, hi: number, there: StandingWords | null, whose: string, mm: number, page: number): void {
    const { words } = this.ledger.shape;
    for (let word = 0; word < words; word++) {
      const right = wordOf(lo, hi, word);
      if (there?.words[there.at + word] !== right) this.#found(whose, mm, page, word, right, there);
    }
    this.words += words;
  }

  #found(whose: string, mm: number, page: number, word: number, expected: number, there: StandingWords | null): void {
    const found = there?.words[there.at + word] ?? -1;
    this.wrong ??= { whose, mm, page, word, expected, found, frame: there?.frame ?? null };
  }
}
