import { isPowerOfTwo } from '../base/bits.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ONLINE, type BlockState, blockStateNamed } from '../mm/memory-block.js';
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
  /**
   * As valid_zones has them: of an online block its one zone (with kernels before 4.13 also those it could go to, behind
   * it), of an offline one those it can go to, the kernel's choice first; empty for "none".
   */
  readonly zones: readonly string[];
  /** False without that file: a kernel before 3.18, or one that cannot take memory offline. */
  readonly areZonesKnown: boolean;
  /** From the link nodeN; null without one (a kernel without NUMA). */
  readonly node: number | null;
}

/** What sysfs says of memory blocks. */
export interface SysfsMemory {
  /** Size of every block, a power of two. */
  readonly blockBytes: number;
  /** Ascending. */
  readonly blocks: readonly SysfsBlock[];
}

/** A copied tree keeps the word that was written, where a kernel would show what came of it. */
const WORDS_IN_COPIES: ReadonlyMap<string, BlockState> = new Map([
  ['online_movable', BLOCK_ONLINE],
  ['online_kernel', BLOCK_ONLINE],
]);

const BLOCK_BYTES_MIN = 2 ** 20;
/** Far more than any kernel has; larger numbers would not be exact. */
const BLOCK_BYTES_MAX = 2 ** 50;
/** As many directories as a machine of 1 TiB has with the smallest blocks. */
const BLOCKS_MAX = 2 ** 20;

/** As lsmem spells them; what a kernel of tomorrow adds is not known to us. */
const ZONE_NAMES = ['DMA', 'DMA32', 'Normal', 'HighMem', 'Movable', 'Device'];

/** Directory of a block; the only place where its name is made. */
export function blockPath(block: BlockId): string {
  return `${MEMORY_DEVICES}/memory${block}`;
}

/**
 * The memory blocks of a host.
 *
 * @throws VacateError kind 'host' if the kernel has none to show, or shows what makes no sense.
 * @example
 * const { blockBytes, blocks }: SysfsMemory = readSysfsMemory(new LinuxTree());
 * const online = blocks.filter(({ state }: SysfsBlock) => state === BLOCK_ONLINE);
 * console.log(`${online.length} blocks of ${formatBytes(blockBytes)} are online`);
 */
export function readSysfsMemory(tree: LinuxTree): SysfsMemory {
  const { blockBytes, numbers } = listSysfsBlocks(tree);
  const blocks = numbers.map((number) => readBlock(tree, number));
  return { blockBytes, blocks: blocks.filter((block) => block !== null) };
}

/**
 * Which blocks there are, ascending, for whoever reads them one by one.
 *
 * @throws VacateError as `readSysfsMemory`, but for what single blocks say.
 */
export function listSysfsBlocks(tree: LinuxTree): { readonly blockBytes: number; readonly numbers: BlockId[] } {
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
  if (!isPowerOfTwo(blockBytes) || blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX) {
    throw new VacateError(
      'host',
      `${tree.at(MEMORY_DEVICES)}/block_size_bytes says ${quoted(size)}, which is no size of a memory block: a power ` +
        'of two of at least 1 MiB, in hexadecimal.',
    );
  }
  const numbers = names.flatMap((name) => /^memory(0|[1-9]\d{0,8})$/.exec(name)?.[1] ?? []).map(Number);
  if (numbers.length > BLOCKS_MAX) {
    throw new VacateError('host', `${tree.at(MEMORY_DEVICES)} has ${numbers.length} blocks, more than any machine.`);
  }
  return { blockBytes, numbers: numbers.sort((a, b) => a - b) };
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
  const state = blockStateNamed(stateName) ?? (tree.isLive ? undefined : WORDS_IN_COPIES.get(stateName));
  if (state === undefined) {
    throw new VacateError(
      'host',
      `${tree.at(path)}/state says ${quoted(stateName)}, which is no state of a memory block.`,
    );
  }
  const removable = tree.value(`${path}/removable`);
  const zones = tree.value(`${path}/valid_zones`);
  return {
    block,
    state,
    isRemovable: removable === null ? null : removable === '1',
    zones: zones === null ? [] : zonesIn(zones),
    areZonesKnown: zones !== null,
    node: nodeOf(tree, path),
  };
}

function zonesIn(text: string): string[] {
  const names = text.split(/\s+/, ZONE_NAMES.length).filter((name) => name !== '' && name !== 'none');
  return names.map((name) => ZONE_NAMES.find((zone) => zone === name) ?? 'Unknown');
}

function nodeOf(tree: LinuxTree, path: string): number | null {
  for (const name of tree.list(path) ?? []) {
    const node = /^node(\d{1,4})$/.exec(name)?.[1];
    if (node !== undefined) return Number(node);
  }
  return null;
}
