import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { type AcpiDimm, readAcpiDimms } from '../../linux/acpi-dimms.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { readSysfsMemory, type SysfsBlock } from '../../linux/sysfs-memory.js';
import { blocksOf } from '../../mm/memory-block.js';
import { type BlockId, PAGE_SIZE } from '../../mm/units.js';
import { formatBlocks, parseBlocks } from '../parse-blocks.js';
import { formatBlockRange, parseRange } from '../parse-range.js';
import { checkSelection, type Selection } from '../select-blocks.js';

/** The memory blocks of a host that a command line means. */
export interface LiveBlocks {
  readonly blockBytes: number;
  /** Ascending, whatever their state. */
  readonly blocks: readonly SysfsBlock[];
  /** The DIMM of which they are all blocks; null if they are not those of one DIMM. */
  readonly dimm: AcpiDimm | null;
}

/**
 * The memory blocks that a selection means on a host, as sysfs has them. Strict: whatever cannot be found is an error, and
 * never stands for another.
 *
 * @throws VacateError kind 'usage' or 'range' if one of them is not there; 'host' if the host shows no blocks.
 */
export function selectLiveBlocks(tree: LinuxTree, machine: string, selection: Selection): LiveBlocks {
  checkSelection(selection);
  const { blockBytes, blocks: all } = readSysfsMemory(tree);
  const dimms = readAcpiDimms(tree).filter(({ blocks }) => blocks.length > 0);
  const byNumber = new Map(all.map((block) => [block.block, block]));
  const numbers =
    selection.dimm !== undefined
      ? dimmNamed(dimms, selection.dimm, machine).blocks
      : selection.blocks !== undefined
        ? parseBlocks(selection.blocks)
        : blocksInRange(selection.range as string, blockBytes / PAGE_SIZE, [...byNumber.keys()]);
  const blocks = numbers.map((number) => {
    const block = byNumber.get(number);
    if (block !== undefined) return block;
    const there = formatBlocks([...byNumber.keys()]);
    throw new VacateError('range', `memory block ${number} does not exist on ${machine}; it has blocks ${there}`);
  });
  const dimm = dimms.find((each) => formatBlocks(each.blocks) === formatBlocks(numbers)) ?? null;
  return { blockBytes, blocks, dimm };
}

function dimmNamed(dimms: readonly AcpiDimm[], name: string, machine: string): AcpiDimm {
  const dimm = dimms.find((each) => each.name === name) ?? (/^\d{1,4}$/.test(name) ? dimms[Number(name)] : undefined);
  if (dimm !== undefined) return dimm;
  const known = dimms.map((each) => `${each.name} (blocks ${formatBlocks(each.blocks)})`).join(', ');
  throw new VacateError(
    'usage',
    dimms.length === 0
      ? `${machine} has no DIMM that was plugged in while it ran; use --blocks`
      : `${machine} has no DIMM ${quoted(name)}; it has ${known}`,
  );
}

function blocksInRange(text: string, blockPages: number, all: readonly BlockId[]): BlockId[] {
  const blocks = blocksOf(parseRange(text, blockPages), blockPages);
  const there = blocks.filter((block) => all.includes(block));
  if (there.length === blocks.length) return blocks;
  const first = there[0] ?? 0;
  const whole = formatBlockRange([first, (there.at(-1) ?? 0) + 1], blockPages, text.startsWith('pfn:'));
  throw new VacateError(
    'range',
    there.length === 0
      ? `--range ${quoted(text)} holds no memory; this host has blocks ${formatBlocks(all)}`
      : `--range ${quoted(text)} crosses a hole; the memory in it lies in ${whole} (blocks ${formatBlocks(there)})`,
  );
}
