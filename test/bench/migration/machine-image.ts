import { closeSync, ftruncateSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createMachine, type Machine, type MachineSpec, stateOf } from '../../../src/sim/machine.js';
import { hashWords } from '../framework/timed.js';

/** Parts that are all zero are neither written nor read: most of a machine is for what it may once hold. */
const CHUNK_BYTES = 2 ** 16;
/** The kernel writes and reads less than 2 GiB at once. */
const MOST_BYTES = 2 ** 30;

/** A machine in files, so that every contestant begins with the same one. */
export interface MachineImage {
  readonly spec: MachineSpec;
  /** Its whole state, one run after the other; holes are zero. */
  readonly image: string;
  /**
   * Where things are in the image, as text for programs in C: `bytes N` of the whole, `number NAME VALUE`,
   * `column NAME OFFSET`, `extent OFFSET LENGTH`, a line each, in this order.
   */
  readonly layout: string;
  readonly extents: readonly Extent[];
}

interface Extent {
  readonly start: number;
  readonly length: number;
}

/** A run of the state, and where it begins in the image. */
interface Run {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Writes a machine into a folder. */
export function writeImage(machine: Machine, folder: string): MachineImage {
  const image = join(folder, 'machine.image');
  const layout = join(folder, 'machine.layout');
  const runs = runsOf(machine);
  const extents = runs.flatMap(extentsOf);
  const file = openSync(image, 'w');
  try {
    ftruncateSync(file, sizeOf(runs));
    eachPiece(runs, extents, (bytes, position) =>
      fully(bytes.length, (at, nr) => writeSync(file, bytes, at, nr, position + at)),
    );
  } finally {
    closeSync(file);
  }
  writeFileSync(layout, layoutOf(machine, runs, extents));
  return { spec: machine.spec, image, layout, extents };
}

/** A machine of its own, to be made like the image by `restore`. */
export function machineOf({ spec }: MachineImage): Machine {
  return createMachine(spec);
}

/** Makes a machine again what the image is, whatever has been done to it. */
export function restore(machine: Machine, { image, extents }: MachineImage): void {
  const runs = runsOf(machine);
  const file = openSync(image, 'r');
  try {
    for (const run of runs) zeroBetween(run, extents);
    eachPiece(runs, extents, (bytes, position) =>
      fully(bytes.length, (at, nr) => readSync(file, bytes, at, nr, position + at)),
    );
  } finally {
    closeSync(file);
  }
}

/** Of every byte of a machine; the C programs have the same. */
export function hashState(machine: Machine): number {
  return stateOf(machine).reduce((hash, words) => hashWords(words, hash), hashWords([]));
}

function runsOf(machine: Machine): Run[] {
  let start = 0;
  return stateOf(machine).map(({ buffer, byteOffset, byteLength }) => {
    const run = { start, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
    start += byteLength;
    return run;
  });
}

function sizeOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** What of a run is not zero, in whole chunks, neighbours in one. */
function extentsOf({ start, bytes }: Run): Extent[] {
  const extents: { start: number; length: number }[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, bytes.length - at);
    if (isZero(bytes, at, length)) continue;
    const last = extents.at(-1);
    if (last !== undefined && last.start + last.length === start + at) last.length += length;
    else extents.push({ start: start + at, length });
  }
  return extents;
}

/** Reading does not touch: what nobody has written stays the one page of zeros that the kernel has. */
function isZero({ buffer, byteOffset }: Uint8Array, at: number, length: number): boolean {
  const words = new Uint32Array(buffer, byteOffset + at, length / Uint32Array.BYTES_PER_ELEMENT);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

function zeroBetween({ start, bytes }: Run, extents: readonly Extent[]): void {
  let at = 0;
  const zeroTo = (end: number) => {
    for (; at < end; at += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, end - at);
      if (!isZero(bytes, at, length)) bytes.fill(0, at, at + length);
    }
  };
  for (const extent of extents) {
    if (extent.start < start || extent.start >= start + bytes.length) continue;
    zeroTo(extent.start - start);
    at = extent.start + extent.length - start;
  }
  zeroTo(bytes.length);
}

function eachPiece(
  runs: readonly Run[],
  extents: readonly Extent[],
  visit: (bytes: Uint8Array, position: number) => void,
): void {
  for (const { start, bytes } of runs)
    for (const { start: position, length } of extents)
      if (position >= start && position < start + bytes.length)
        visit(bytes.subarray(position - start, position - start + length), position);
}

function fully(length: number, some: (at: number, nr: number) => number): void {
  for (let at = 0; at < length; ) {
    const nr = some(at, Math.min(MOST_BYTES, length - at));
    if (nr === 0) throw new Error('the image of the machine is shorter than the machine');
    at += nr;
  }
}

function layoutOf(machine: Machine, runs: readonly Run[], extents: readonly Extent[]): string {
  const numbers = {
    nrPfns: machine.spec.nrPfns,
    contentWords: machine.contentWords,
    lruLists: machine.lruLength.length,
    lruChunks: machine.lruChunkNext.length,
    tlbWords: machine.tlb.length,
  };
  const columns = Object.entries(machine).filter(([, value]) => ArrayBuffer.isView(value)) as [string, Uint8Array][];
  return [
    `bytes ${sizeOf(runs)}`,
    ...Object.entries(numbers).map(([name, value]) => `number ${name} ${value}`),
    ...columns.map(([name, column]) => `column ${name} ${positionOf(runs, column)}`),
    ...extents.map(({ start, length }) => `extent ${start} ${length}`),
    '',
  ].join('\n');
}

function positionOf(runs: readonly Run[], { buffer, byteOffset }: Uint8Array): number {
  const run = runs.find(
    ({ bytes }) =>
      bytes.buffer === buffer && byteOffset >= bytes.byteOffset && byteOffset < bytes.byteOffset + bytes.length,
  );
  // A column of no elements may stand at the very end.
  return run === undefined ? sizeOf(runs) : run.start + byteOffset - run.bytes.byteOffset;
}
