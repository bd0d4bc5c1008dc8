import { isPowerOfTwo } from '../base/bits.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ONLINE, type BlockState, blockStateNamed } from '../mm/memory-block.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { type BlockId, PAGE_SIZE } from '../mm/units.js';

export interface MemoryBlock {
  readonly block: BlockId;
  readonly state: BlockState;
  /** What `removable` says: since Linux 5.7 only whether the kernel can take memory offline at all. Null if unknown. */
  readonly isRemovable: boolean | null;
  /** Zones that valid_zones names: for an online block the one it is in. Empty for "none". */
  readonly zoneKinds: readonly string[];
}

/** More than a kernel has kinds of zones. */
const ZONES_MAX = 8;
const MIB = 1024 * 1024;
const USUAL_BLOCK_BYTES = 128 * MIB;

/** Pages of a memory block, from /sys/devices/system/memory/block_size_bytes: hexadecimal, without 0x. */
export function parseBlockPages(text: string | null, caveats: string[]): number {
  if (text === null) {
    caveats.push(
      'The capture lacks block_size_bytes: memory blocks are taken to be 128 MiB, as x86-64 usually has them.',
    );
    return USUAL_BLOCK_BYTES / PAGE_SIZE;
  }
  const digits = text.trim();
  const sizeBytes = /^[0-9a-f]+$/i.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  if (!isPowerOfTwo(sizeBytes) || sizeBytes < MIB) {
    throw new VacateError(
      'capture',
      `block_size_bytes says ${quoted(digits)}, which is no power of two of at least 1 MiB in hexadecimal: ` +
        'copy it from /sys/devices/system/memory/block_size_bytes as it is.',
    );
  }
  return sizeBytes / PAGE_SIZE;
}

/** A line each: `memoryN state removable valid_zones...`; ascending, whatever order the directory had. */
export function parseMemoryBlocks(text: string): MemoryBlock[] {
  const blocks = new Map<BlockId, MemoryBlock>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [name = '', stateName = '', removable, ...zones] = line.trim().split(/\s+/);
    const number = /^memory(\d{1,9})$/.exec(name)?.[1];
    const state = blockStateNamed(stateName);
    if (number === undefined || state === null || blocks.has(Number(number))) {
      throw new VacateError(
        'capture',
        `Line ${index + 1} of memory_blocks, ${quoted(line.trim())}, does not describe a memory block that is new to it: ` +
          'write "memoryN state removable valid_zones..." with online, going-offline or offline, once for each block.',
      );
    }
    const block = Number(number);
    const isRemovable = removable === '1' ? true : removable === '0' ? false : null;
    blocks.set(block, { block, state, isRemovable, zoneKinds: zonesIn(zones) });
  }
  if (blocks.size === 0) {
    throw new VacateError(
      'capture',
      'memory_blocks lists no block: fill it from /sys/devices/system/memory, or drop it.',
    );
  }
  return [...blocks.values()].sort((a, b) => a.block - b.block);
}

/** Names that no kernel has are dropped: nobody could be told of them, or put memory there. */
function zonesIn(words: readonly string[]): string[] {
  return words.filter((word) => word !== 'none' && /^[A-Za-z0-9]{1,16}$/.test(word)).slice(0, ZONES_MAX);
}

/** Without a list: a block that has a page is online. An offline block then looks like a hole. */
export function deriveBlocks(flags: Uint32Array, blockPages: number): MemoryBlock[] {
  const blocks: MemoryBlock[] = [];
  for (let start = 0; start < flags.length; start += blockPages) {
    const end = Math.min(start + blockPages, flags.length);
    let pfn = start;
    while (pfn < end && ((flags[pfn] as number) & PG_NOPAGE) !== 0) pfn++;
    if (pfn < end) blocks.push({ block: start / blockPages, state: BLOCK_ONLINE, isRemovable: null, zoneKinds: [] });
  }
  return blocks;
}
