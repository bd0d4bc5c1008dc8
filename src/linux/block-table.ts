import { BLOCK_ONLINE, BLOCK_STATE_NAMES, type BlockState } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';

/** What lsmem has to know of a memory block; `SysfsBlock` is one. Null, or false, is what nobody said. */
export interface BlockRow {
  readonly block: BlockId;
  readonly state: BlockState;
  readonly isRemovable: boolean | null;
  /** Empty for "none". */
  readonly zones: readonly string[];
  readonly areZonesKnown: boolean;
  readonly node: number | null;
}

/** The columns of `lsmem --json --bytes`, for one block or for neighbours that agree in all of them. */
export interface MemoryRow {
  /** Physical addresses, the last byte included: "0x0000000100000000-0x000000013fffffff". */
  readonly range: string;
  /** Bytes. */
  readonly size: number;
  readonly state: string;
  /** False unless it is online, as lsmem has it; null if nobody said. */
  readonly removable: boolean | null;
  /** "32", or "32-39". */
  readonly block: string;
  readonly node: number | null;
  /** "Normal/Movable"; "None" for a block that can only stay; null if nobody said. */
  readonly zones: string | null;
}

/** Digits of an address in lsmem's ranges. */
const ADDRESS_DIGITS = 16;
/** What cannot be named is not known to be the same, so lsmem joins no such blocks. */
const UNKNOWN_ZONE = 'Unknown';

/** A block's columns, or those of `nrBlocks` neighbours from it on. */
export function memoryRow(row: BlockRow, blockBytes: number, nrBlocks = 1): MemoryRow {
  const { block, state, isRemovable, zones, areZonesKnown, node } = row;
  const last = block + nrBlocks - 1;
  const start = BigInt(block) * BigInt(blockBytes);
  return {
    range: `${address(start)}-${address(start + BigInt(nrBlocks) * BigInt(blockBytes) - 1n)}`,
    size: nrBlocks * blockBytes,
    state: BLOCK_STATE_NAMES[state],
    removable: isRemovable === null ? null : isRemovable && state === BLOCK_ONLINE,
    block: nrBlocks === 1 ? `${block}` : `${block}-${last}`,
    node,
    zones: areZonesKnown ? zones.join('/') || 'None' : null,
  };
}

/** Neighbours joined as lsmem joins them when it splits by every column; `rows` are ascending. */
export function memoryRows(rows: readonly BlockRow[], blockBytes: number): MemoryRow[] {
  const joined: { first: BlockRow; nrBlocks: number }[] = [];
  for (const row of rows) {
    const last = joined.at(-1);
    if (last !== undefined && last.first.block + last.nrBlocks === row.block && areAlike(last.first, row))
      last.nrBlocks++;
    else joined.push({ first: row, nrBlocks: 1 });
  }
  return joined.map(({ first, nrBlocks }) => memoryRow(first, blockBytes, nrBlocks));
}

function areAlike(a: BlockRow, b: BlockRow): boolean {
  return (
    a.state === b.state &&
    a.isRemovable === b.isRemovable &&
    a.node === b.node &&
    a.areZonesKnown === b.areZonesKnown &&
    a.zones.length === b.zones.length &&
    a.zones.every((zone, index) => zone === b.zones[index] && zone !== UNKNOWN_ZONE)
  );
}

/** lsmem's last lines: bytes online, and bytes that are not. */
export function onlineBytes(rows: readonly BlockRow[], blockBytes: number): { online: number; offline: number } {
  const nrOnline = rows.filter(({ state }) => state === BLOCK_ONLINE).length;
  return { online: nrOnline * blockBytes, offline: (rows.length - nrOnline) * blockBytes };
}

function address(bytes: bigint): string {
  return `0x${bytes.toString(16).padStart(ADDRESS_DIGITS, '0')}`;
}
