import type { Machine } from '../../sim/machine.js';

/** Every byte of a machine: all columns lie in one buffer. */
export type Snapshot = Uint32Array;

/**
 * Every byte of a machine as it is now.
 *
 * @example
 * const m = smallMachine();
 * const before: Snapshot = snapshotOf(m);
 * firstDifference(m, before); // null
 */
export function snapshotOf(m: Machine): Snapshot {
  return new Uint32Array(m.buffer).slice();
}

/**
 * Where a machine first differs from a snapshot of it, in words; null if every byte outside `except` is the same.
 *
 * @example
 * const m = smallMachine();
 * const before = snapshotOf(m);
 * createProcess(m, 0);
 * firstDifference(m, before) === null; // false
 */
export function firstDifference(m: Machine, before: Snapshot, except: readonly string[] = []): string | null {
  const now = new Uint32Array(m.buffer);
  const columns = columnsOf(m);
  for (const [i, { name, view }] of columns.entries()) {
    if (except.includes(name)) continue;
    // The bytes up to the next column are padding, and belong to nobody; they are compared all the same.
    const end = (columns[i + 1]?.view.byteOffset ?? m.buffer.byteLength) / 4;
    for (let word = view.byteOffset / 4; word < end; word++) {
      if (now[word] === before[word]) continue;
      const element = Math.floor((word * 4 - view.byteOffset) / view.BYTES_PER_ELEMENT);
      return `column "${name}" near element ${element}: 0x${hex(before[word]!)} became 0x${hex(now[word]!)}`;
    }
  }
  return null;
}

type View = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };

function columnsOf(m: Machine): { readonly name: string; readonly view: View }[] {
  return Object.entries(m)
    .filter(([, member]) => ArrayBuffer.isView(member) && member.buffer === m.buffer)
    .map(([name, view]) => ({ name, view: view as View }))
    .sort((a, b) => a.view.byteOffset - b.view.byteOffset);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
