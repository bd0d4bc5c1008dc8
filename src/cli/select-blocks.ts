import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ABSENT, BLOCK_ONLINE, BLOCK_STATE_NAMES, blocksOf, type Dimm } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';
import { formatBlocks, parseBlocks } from './parse-blocks.js';
import { formatBlockRange, parseRange } from './parse-range.js';

/** What blocks and DIMMs there are, as a machine has it. */
export interface BlockBook {
  readonly spec: { readonly name: string; readonly blockPages: number; readonly dimms: readonly Dimm[] };
  /** BLOCK_*, by number. */
  readonly blockState: ArrayLike<number>;
}

/** What to take offline, as the command line names it: exactly one of the three. */
export interface Selection {
  readonly dimm?: string;
  readonly blocks?: string;
  readonly range?: string;
}

/** @throws VacateError kind 'usage' unless exactly one way of naming memory is used. */
export function checkSelection(selection: Selection): void {
  const given = (['dimm', 'blocks', 'range'] as const).filter((way) => selection[way] !== undefined);
  if (given.length === 1) {
    // Readable without a machine, so wrong without reading one.
    if (selection.blocks !== undefined) parseBlocks(selection.blocks);
    return;
  }
  const ways = '--dimm NAME, --blocks 32-35 or --range A-B';
  throw new VacateError(
    'usage',
    given.length === 0
      ? `say what goes offline: ${ways}`
      : `--${given.join(' and --')} both say what goes offline; keep one of ${ways}`,
  );
}

/**
 * The memory blocks that a selection means on this machine.
 *
 * @throws VacateError kind 'range' or 'usage' if one of them is not there, or not online.
 */
export function selectBlocks(machine: BlockBook, selection: Selection): BlockId[] {
  checkSelection(selection);
  if (selection.dimm !== undefined) return blocksOfDimm(machine, selection.dimm);
  if (selection.blocks !== undefined) return checkOnline(machine, parseBlocks(selection.blocks));
  const { blockPages } = machine.spec;
  const text = selection.range as string;
  const blocks = blocksOf(parseRange(text, blockPages), blockPages);
  const there = blocks.filter((block) => stateOf(machine, block) !== BLOCK_ABSENT);
  if (there.length === blocks.length) return checkOnline(machine, blocks);
  const runs = runsOf(there).map((run) => formatBlockRange(run, blockPages, text.startsWith('pfn:')));
  throw new VacateError(
    'range',
    there.length === 0
      ? `--range ${quoted(text)} holds no memory; this machine has blocks ${formatBlocks(existingBlocks(machine))}`
      : `--range ${quoted(text)} crosses a hole; the memory in it is ${runs.join(' and ')} (blocks ${formatBlocks(there)})`,
  );
}

/** Blocks that have memory behind them, online or not. */
export function existingBlocks(machine: BlockBook): BlockId[] {
  const blocks: BlockId[] = [];
  for (let block = 0; block < machine.blockState.length; block++)
    if (stateOf(machine, block) !== BLOCK_ABSENT) blocks.push(block);
  return blocks;
}

/** The blocks of a DIMM that exist, whatever their state. */
export function blocksIn(machine: BlockBook, { range }: Dimm): BlockId[] {
  return blocksOf(range, machine.spec.blockPages).filter((block) => stateOf(machine, block) !== BLOCK_ABSENT);
}

function stateOf(machine: BlockBook, block: BlockId): number {
  return machine.blockState[block] ?? BLOCK_ABSENT;
}

function blocksOfDimm(machine: BlockBook, name: string): BlockId[] {
  const { dimms } = machine.spec;
  const dimm = dimms.find((each) => each.name === name) ?? (/^\d+$/.test(name) ? dimms[Number(name)] : undefined);
  if (dimm === undefined) {
    const known = dimms.map((each) => `${each.name} (blocks ${formatBlocks(blocksIn(machine, each))})`).join(', ');
    throw new VacateError(
      'usage',
      dimms.length === 0
        ? `${machine.spec.name} does not say which blocks make a DIMM; use --blocks, it has ${formatBlocks(existingBlocks(machine))}`
        : `${machine.spec.name} has no DIMM ${quoted(name)}; it has ${known}`,
    );
  }
  const online = blocksIn(machine, dimm).filter((block) => stateOf(machine, block) === BLOCK_ONLINE);
  if (online.length > 0) return online;
  throw new VacateError('range', `${dimm.name} has no block online; there is nothing to take offline`);
}

function checkOnline(machine: BlockBook, blocks: readonly BlockId[]): BlockId[] {
  for (const block of blocks) {
    const state = stateOf(machine, block);
    if (state === BLOCK_ONLINE) continue;
    const existing = formatBlocks(existingBlocks(machine));
    throw new VacateError(
      'range',
      state === BLOCK_ABSENT
        ? `memory block ${block} does not exist on ${machine.spec.name}; it has blocks ${existing}`
        : `memory block ${block} is ${BLOCK_STATE_NAMES[state as 2 | 3]}, not online; leave it out`,
    );
  }
  return [...blocks];
}

/** Neighbours joined: first block, and the one after the last. */
function runsOf(blocks: readonly BlockId[]): [BlockId, BlockId][] {
  const runs: [BlockId, BlockId][] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === block) run[1] = block + 1;
    else runs.push([block, block + 1]);
  }
  return runs;
}
