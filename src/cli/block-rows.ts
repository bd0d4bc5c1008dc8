import { parseMemoryBlocks } from '../capture/memory-blocks.js';
import type { BlockRow } from '../linux/block-table.js';
import type { LinuxTree } from '../linux/linux-tree.js';
import { MEMORY_DEVICES, readSysfsMemory } from '../linux/sysfs-memory.js';
import { BLOCK_ONLINE, type BlockState, blockRange } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId } from '../mm/units.js';
import type { Machine } from '../sim/machine.js';
import type { OpenMachine } from './open-machine.js';
import { existingBlocks } from './select-blocks.js';

/** Every memory block of a machine as lsmem would show it, ascending: asked of the host, read in the capture, or made. */
export function blockRows({ machine, captured, tree }: OpenMachine): BlockRow[] {
  if (tree?.has(MEMORY_DEVICES) === true) return rowsOfTree(tree, machine);
  const text = captured?.files.text('memory_blocks') ?? null;
  const listed = new Map(text === null ? [] : parseMemoryBlocks(text).map((each) => [each.block, each]));
  return existingBlocks(machine).map((block): BlockRow => {
    const own = listed.get(block);
    const zones = zonesOf(machine, block);
    const state = machine.blockState[block] as BlockState;
    return {
      block,
      state,
      // A machine of ours can always be asked; a capture that does not say is not known to be one that can.
      isRemovable: own === undefined ? (captured === null ? true : null) : own.isRemovable,
      zones: own?.zoneKinds ?? (zones.length === 1 || state !== BLOCK_ONLINE ? zones.map(({ kind }) => kind) : []),
      areZonesKnown: true,
      node: zones[0]?.node ?? (machine.nrNodes === 1 ? machine.spec.zones[0]!.node : null),
    };
  });
}

/** What the machine was built from is a moment old: a block that has come or gone since is left out. */
function rowsOfTree(tree: LinuxTree, machine: Machine): BlockRow[] {
  const there = new Set<BlockId>(existingBlocks(machine));
  return readSysfsMemory(tree).blocks.filter(({ block }) => there.has(block));
}

/** Zones that have a part of a block. A block in several can never go offline, and the kernel then says "none". */
function zonesOf({ spec }: Machine, block: BlockId): ReadonlyArray<Machine['spec']['zones'][number]> {
  const { start, end } = blockRange(block, spec.blockPages);
  return spec.zones.filter((zone: PfnRange) => zone.start < end && start < zone.end);
}
