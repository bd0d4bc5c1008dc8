import { type ColumnViews, layColumns, u8, u32 } from '../base/columns.js';
import { FIRST_VPN, firstRow, nrRows, type SoakShape } from './shape.js';

/** Pages that a thread holds by references of its own, at most. */
export const PINS_PER_THREAD = 4;

/**
 * What every word of the threads' memory must read, and whose it is: kept apart from the machine, in shared memory of its
 * own, so that it outlives the thread that wrote it down.
 */
const ledgerColumns = (shape: SoakShape) => ({
  /** The sequence that was last written to each word, or what the page held before anybody wrote. */
  expected: u32(nrRows(shape) * shape.words),
  slotMm: u32(shape.nrSlots),
  /** Thread that runs the process, plus 1; 0 if the slot is free. */
  slotOwner: u32(shape.nrSlots),
  /** Forks between the process and one that began empty. */
  slotDepth: u8(shape.nrSlots),
  slotLocked: u8(shape.nrSlots),
  /** 1 if the process maps its thread's file. */
  slotTemp: u8(shape.nrSlots),
  /** Mappings of the files that all map; of the file of each thread, 0 if it has none, and its pages now. */
  library: u32(1),
  file: u32(1),
  shmem: u32(1),
  commonMm: u32(1),
  tempFile: u32(shape.nrThreads),
  tempLength: u32(shape.nrThreads),
  /** The sequence that each thread wrote last, or is about to write. */
  issued: u32(shape.nrThreads),
  /** Position + 1 of the word that a thread is about to write, 0 if it is not. */
  underWay: u32(shape.nrThreads),
  pinnedPfn: u32(shape.nrThreads * PINS_PER_THREAD),
});

type Columns = ColumnViews<ReturnType<typeof ledgerColumns>>;

export interface SoakLedger extends Columns {
  readonly shape: SoakShape;
  readonly buffer: ArrayBufferLike;
}

export function createLedger(shape: SoakShape): SoakLedger {
  const { buffer, views } = layColumns(ledgerColumns(shape), 'shared');
  // Sequences of threads begin far apart, so that a word of one is not taken for a word of another.
  for (let thread = 0; thread < shape.nrThreads; thread++)
    views.issued[thread] = Math.floor((thread * 2 ** 32) / shape.nrThreads) + 1;
  return { ...views, shape, buffer };
}

export function attachLedger(shape: SoakShape, buffer: SharedArrayBuffer): SoakLedger {
  return { ...layColumns(ledgerColumns(shape), buffer).views, shape, buffer };
}

/** The one thread that writes a word that all can read. */
export function writerOf(shape: SoakShape, at: number): number {
  return at % shape.nrThreads;
}

/** True if sequence `a` is `b` or was issued later by the same thread; sequences wrap around. */
export function isNotBefore(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

/** A child begins with what its parent has. */
export function copySlot({ shape, expected }: SoakLedger, from: number, to: number): void {
  for (const area of ['private', 'library'] as const) {
    const first = firstRow(shape, area, from) * shape.words;
    const end = firstRow(shape, area, from + 1) * shape.words;
    expected.copyWithin(firstRow(shape, area, to) * shape.words, first, end);
  }
}

export { FIRST_VPN };
