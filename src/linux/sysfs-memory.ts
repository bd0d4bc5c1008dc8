import { isPowerOfTwo } from '../base/bits.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE, BLOCK_ONLINE, type BlockState } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';
import type { LinuxTree } from './linux-tree.js';

export const MEMORY_DEVICES = '/sys/devices/system/memory';

/** A memory block as /sys/devices/system/memory/memoryN has it (Documentation/admin-guide/mm/memory-hotplug.rst). */
export interface SysfsBlock {
  /** N; block N begins at N × block_size_bytes. */
  readonly block: BlockId;
  readonly state: BlockState;
  /** What `removable` says: since Linux 5.7 only whether the kernel can offline at all. Null without that file. */
  readonly isRemovable: boolean | null;
  /** As valid_zones has them: of an online block its one zone, of an offline one those it can go to; empty for "none". */
  readonly zones: readonly string[];
  /** From the link nodeN; null without one (a kernel without NUMA). */
  readonly node: number | null;
}

export interface SysfsMemory {
  /** Size of every block, a power of two. */
  readonly blockBytes: number;
  /** Ascending. */
  readonly blocks: readonly SysfsBlock[];
}

const STATES: ReadonlyMap<string, BlockState> = new Map([
  ['online', BLOCK_ONLINE],
  ['going-offline', BLOCK_GOING_OFFLINE],
  ['offline', BLOCK_OFFLINE],
]);

/** Directory of a block; the only place where its name is made. */
export function blockPath(block: BlockId): string {
  return `${MEMORY_DEVICES}/memory${block}`;
}

/**
 * The memory blocks of a host.
 *
 * @throws VacateError kind 'host' if the kernel has none to show, or shows what makes no sense.
 */
export function readSysfsMemory(tree: LinuxTree): SysfsMemory {
  const names = tree.list(MEMORY_DEVICES);
  const size = tree.value(`${MEMORY_DEVICES}/block_size_bytes`);
  if (names === null || size === null) {
    throw new VacateError(
      'host',
      `${tree.at(MEMORY_DEVICES)} has no memory blocks: this kernel is built without memory hotplug ` +
        '(CONFIG_MEMORY_HOTPLUG), or what runs here may not see them, as in a container.',
    );
  }
  const blockBytes = /^[0-9a-f]+$/i.test(size) ? Number.parseInt(size, 16) : Number.NaN;
  if (!isPowerOfTwo(blockBytes)) {
    throw new VacateError(
      'host',
      `block_size_bytes says ${JSON.stringify(size)}, which is no power of two in hexadecimal.`,
    );
  }
  const blocks = names.flatMap((name) => {
    const number = /^memory(0|[1-9]\d{0,8})$/.exec(name)?.[1];
    return number === undefined ? [] : [readBlock(tree, Number(number))];
  });
  return { blockBytes, blocks: blocks.filter((block) => block !== null).sort((a, b) => a.block - b.block) };
}

/**
 * One block as it is now; null if there is none of that number.
 *
 * @throws VacateError kind 'host' if its state is none that the kernel knows.
 */
export function readBlock(tree: LinuxTree, block: BlockId): SysfsBlock | null {
  const path = blockPath(block);
  const stateName = tree.value(`${path}/state`);
  if (stateName === null) return null;
  const state = STATES.get(stateName);
  if (state === undefined) {
    throw new VacateError(
      'host',
      `${tree.at(path)}/state says ${JSON.stringify(stateName)}, which is no state of a memory block.`,
    );
  }
  const removable = tree.value(`${path}/removable`);
  const zones = (tree.value(`${path}/valid_zones`) ?? '').split(/\s+/).filter((zone) => zone !== '' && zone !== 'none');
  return { block, state, isRemovable: removable === null ? null : removable === '1', zones, node: nodeOf(tree, path) };
}

function nodeOf(tree: LinuxTree, path: string): number | null {
  for (const name of tree.list(path) ?? []) {
    const node = /^node(\d{1,4})$/.exec(name)?.[1];
    if (node !== undefined) return Number(node);
  }
  return null;
}
