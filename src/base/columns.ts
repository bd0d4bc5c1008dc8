import { assert } from './assert.js';
import { VacateError } from './vacate-error.js';

/** The element type of a column; its width in bytes is `WIDTH[type]`. */
export type ColumnType = 'u8' | 'u16' | 'u32' | 'f64';
type ViewOf = { u8: Uint8Array; u16: Uint16Array; u32: Uint32Array; f64: Float64Array };

/** A column: how wide one element is and how many there are. */
export interface Column<T extends ColumnType = ColumnType> {
  readonly type: T;
  readonly length: number;
}
export type ColumnTable = Readonly<Record<string, Column>>;
export type ColumnViews<T extends ColumnTable> = { readonly [K in keyof T]: ViewOf[T[K]['type']] };

export const WIDTH: Readonly<Record<ColumnType, number>> = { u8: 1, u16: 2, u32: 4, f64: 8 };

export const u8 = (length: number): Column<'u8'> => ({ type: 'u8', length });
export const u16 = (length: number): Column<'u16'> => ({ type: 'u16', length });
export const u32 = (length: number): Column<'u32'> => ({ type: 'u32', length });
export const f64 = (length: number): Column<'f64'> => ({ type: 'f64', length });

/** Columns start on cache lines of their own, so that threads on neighbouring columns do not share one. */
const LINE_BYTES = 64;

/**
 * Lays columns out one after the other in a single buffer, zero-filled: a whole state is then one run of bytes that can
 * be hashed, compared, or kept. `where` is a buffer that has such a state already, or says that threads will share this
 * one: V8 does not count shared memory when it decides whether to collect garbage, so nobody asks for it in vain.
 */
export function layColumns<T extends ColumnTable>(
  table: T,
  where: 'private' | 'shared' | ArrayBufferLike = 'private',
): { readonly buffer: ArrayBufferLike; readonly views: ColumnViews<T> } {
  const offsets = new Map<string, number>();
  let sizeBytes = 0;
  for (const [name, column] of Object.entries(table)) {
    assert(Number.isSafeInteger(column.length) && column.length >= 0, `column ${name} has a whole length`);
    offsets.set(name, sizeBytes);
    sizeBytes += Math.ceil((column.length * WIDTH[column.type]) / LINE_BYTES) * LINE_BYTES;
  }
  const buffer = bufferOf(where, sizeBytes);
  const views = formOf(Object.keys(table));
  for (const [name, { type, length }] of Object.entries(table)) {
    views[name] = viewOf(type, buffer, offsets.get(name) as number, length);
  }
  return { buffer, views: views as ColumnViews<T> };
}

/**
 * An object with these names. However many states a process has, all of the same columns must look alike to V8, so that
 * code which has seen one knows where to find the columns of another. An object to which dozens of names are given one by
 * one looks like no other, and whoever reads its columns takes five times as long; what is parsed with all names at once
 * shares its shape.
 */
function formOf(names: readonly string[]): Record<string, ViewOf[ColumnType]> {
  return JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:null`).join(',')}}`);
}

function bufferOf(where: 'private' | 'shared' | ArrayBufferLike, sizeBytes: number): ArrayBufferLike {
  if (where === 'private') return allocated(() => new ArrayBuffer(sizeBytes), sizeBytes);
  if (where === 'shared') return allocated(() => new SharedArrayBuffer(sizeBytes), sizeBytes);
  assert(where.byteLength === sizeBytes, 'a buffer is as large as the columns that it holds');
  return where;
}

/** What is asked for may be more than there is, or than a buffer can be: whoever asked has to ask for less. */
function allocated(allocate: () => ArrayBufferLike, sizeBytes: number): ArrayBufferLike {
  try {
    return allocate();
  } catch (cause) {
    const size = `${Math.ceil(sizeBytes / 2 ** 20).toLocaleString('en-US')} MiB`;
    throw new VacateError('limit', `a state of ${size} in one piece cannot be had; make the machine smaller`, {
      cause,
    });
  }
}

function viewOf(type: ColumnType, buffer: ArrayBufferLike, offset: number, length: number): ViewOf[ColumnType] {
  switch (type) {
    case 'u8':
      return new Uint8Array(buffer, offset, length);
    case 'u16':
      return new Uint16Array(buffer, offset, length);
    case 'u32':
      return new Uint32Array(buffer, offset, length);
    case 'f64':
      return new Float64Array(buffer, offset, length);
  }
}
