import { closeSync, ftruncateSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createMachine, type Machine, type MachineSpec } from '../../../src/sim/machine.js';

/** Parts of the buffer that are all zero are neither written nor read: most of it is for what a machine may once hold. */
const CHUNK_BYTES = 2 ** 16;

/** A machine in files, so that every contestant begins with the same one: its buffer, and where its columns are. */
export interface MachineImage {
  readonly spec: MachineSpec;
  /** The buffer; holes are zero. */
  readonly image: string;
  /** Text, for programs in C: `number NAME VALUE`, `column NAME OFFSET`, `extent OFFSET LENGTH`, a line each. */
  readonly layout: string;
  readonly extents: readonly Extent[];
}

interface Extent {
  readonly start: number;
  readonly length: number;
}

/** Writes a machine into a folder. */
export function writeImage(machine: Machine, folder: string, name: string): MachineImage {
  const image = join(folder, `${name}.image`);
  const layout = join(folder, `${name}.layout`);
  const bytes = new Uint8Array(machine.buffer);
  const extents = extentsOf(machine.buffer);
  const file = openSync(image, 'w');
  try {
    ftruncateSync(file, bytes.length);
    for (const { start, length } of extents) writeFully(file, bytes.subarray(start, start + length), start);
  } finally {
    closeSync(file);
  }
  writeFileSync(layout, layoutOf(machine, extents));
  return { spec: machine.spec, image, layout, extents };
}

/** A machine of its own, to be made like the image by `restore`. */
export function machineOf({ spec }: MachineImage): Machine {
  return createMachine(spec);
}

/** Makes a machine again what the image is, whatever has been done to it. */
export function restore(machine: Machine, { image, extents }: MachineImage): void {
  const bytes = new Uint8Array(machine.buffer);
  const file = openSync(image, 'r');
  let at = 0;
  try {
    for (const { start, length } of extents) {
      zero(machine.buffer, at, start);
      readFully(file, bytes.subarray(start, start + length), start);
      at = start + length;
    }
    zero(machine.buffer, at, bytes.length);
  } finally {
    closeSync(file);
  }
}

function extentsOf(buffer: ArrayBufferLike): Extent[] {
  const extents: { start: number; length: number }[] = [];
  for (let start = 0; start < buffer.byteLength; start += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, buffer.byteLength - start);
    if (isZero(buffer, start, length)) continue;
    const last = extents.at(-1);
    if (last !== undefined && last.start + last.length === start) last.length += length;
    else extents.push({ start, length });
  }
  return extents;
}

/** Reading does not touch: what nobody has written stays the one page of zeros that the kernel has. */
function isZero(buffer: ArrayBufferLike, start: number, length: number): boolean {
  const words = new Uint32Array(buffer, start, length / 4);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

function zero(buffer: ArrayBufferLike, from: number, to: number): void {
  for (let start = from; start < to; start += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, to - start);
    if (!isZero(buffer, start, length)) new Uint8Array(buffer, start, length).fill(0);
  }
}

function layoutOf(machine: Machine, extents: readonly Extent[]): string {
  const numbers = {
    nrPfns: machine.spec.nrPfns,
    contentWords: machine.contentWords,
    lruLists: machine.lruLength.length,
    lruChunks: machine.lruChunkNext.length,
    tlbWords: machine.tlb.length,
  };
  const columns = Object.entries(machine).filter(([, value]) => ArrayBuffer.isView(value)) as [string, Uint8Array][];
  return [
    `bytes ${machine.buffer.byteLength}`,
    ...Object.entries(numbers).map(([name, value]) => `number ${name} ${value}`),
    ...columns.map(([name, { byteOffset }]) => `column ${name} ${byteOffset}`),
    ...extents.map(({ start, length }) => `extent ${start} ${length}`),
    '',
  ].join('\n');
}

/** The kernel writes and reads at most 2 GiB at once. */
const MOST_BYTES = 2 ** 30;

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at, Math.min(MOST_BYTES, bytes.length - at), position + at);
  }
}

function readFully(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const nr = readSync(file, bytes, at, Math.min(MOST_BYTES, bytes.length - at), position + at);
    if (nr === 0) throw new Error('the image of the machine is shorter than it was');
    at += nr;
  }
}
