import { VacateError } from '../base/vacate-error.js';
import { type CaptureSource, parseMemoryBlocks, parseSystemRam } from '../capture/index.js';
import {
  type BlockFacts,
  countPages,
  type DimmFacts,
  type LintFacts,
  type MemoryFacts,
  Settings,
} from '../lint/index.js';
import { readAcpiDimms } from '../linux/acpi-dimms.js';
import { settingsText } from '../linux/host-facts.js';
import type { LinuxTree } from '../linux/linux-tree.js';
import { MEMORY_DEVICES, readSysfsMemory } from '../linux/sysfs-memory.js';
import { BLOCK_ONLINE, blocksOf } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { type BlockId, PAGE_SIZE } from '../mm/units.js';
import type { OpenMachine } from './open-machine.js';
import { formatBlocks, parseBlocks } from './parse-blocks.js';

/** What the user says will have to go one day; without a word, all DIMMs. */
export interface Wanted {
  readonly dimm?: string;
  readonly blocks?: string;
  /** Bytes of whatever memory. */
  readonly want?: number;
}

/** What an opened machine says of itself: its pages, and the texts that were read with them. */
export function factsOfMachine(open: OpenMachine, wanted: Wanted): LintFacts {
  const { machine, captured, tree } = open;
  const { blockPages, zones, dimms } = machine.spec;
  const files = captured?.files ?? null;
  const existing = blocksOfImage(open);
  const known = files === null || dimms.length > 0 || files.text('dimms') !== null;
  const dimmFacts = dimms.map(({ name, range }) => ({ name, blocks: blocksOf(range, blockPages) }));
  const { flags } = machine;
  return {
    kernel: captured?.image.kernel ?? null,
    settings: tree === null ? settingsIn(files) : Settings.parse(settingsText(tree)),
    blockPages,
    blocks: existing,
    dimms: known ? dimmFacts : null,
    zones: zones.map(({ node, kind }, zone) => ({ node, kind, managed: machine.managed[zone] ?? 0 })),
    memory: memoryIn(files?.text('meminfo') ?? null),
    systemRam: systemRamIn(files?.text('iomem') ?? null),
    countsOf: (block) => countPages(flags, block * blockPages, Math.min((block + 1) * blockPages, flags.length)),
    wanted: wantedOf(wanted, existing, dimmFacts),
  };
}

/** The same of a host of whose pages nothing can be said. */
export function factsOfHost(tree: LinuxTree, wanted: Wanted): LintFacts {
  const memory = tree.has(MEMORY_DEVICES) ? readSysfsMemory(tree) : null;
  const dimms = readAcpiDimms(tree).filter(({ blocks }) => blocks.length > 0);
  const blocks = (memory?.blocks ?? []).map(({ block, state, isRemovable, zones }) => ({
    block,
    isOnline: state === BLOCK_ONLINE,
    isRemovable,
    zones,
  }));
  return {
    kernel: tree.value('/proc/sys/kernel/osrelease'),
    settings: Settings.parse(settingsText(tree)),
    blockPages: memory === null ? null : memory.blockBytes / PAGE_SIZE,
    blocks,
    dimms,
    zones: null,
    memory: memoryIn(tree.text('/proc/meminfo')),
    systemRam: systemRamIn(tree.text('/proc/iomem')),
    countsOf: null,
    wanted: wantedOf(wanted, blocks, dimms),
  };
}

/** @throws VacateError kind 'usage' or 'range' for a DIMM or a block that there is not. */
function wantedOf(
  { dimm, blocks, want }: Wanted,
  existing: readonly BlockFacts[],
  dimms: readonly DimmFacts[],
): LintFacts['wanted'] {
  const pages = want === undefined ? null : Math.ceil(want / PAGE_SIZE);
  if (dimm !== undefined) return { blocks: blocksOfDimm(dimm, dimms), pages, isNamed: true };
  if (blocks === undefined) return { blocks: dimms.flatMap((each) => [...each.blocks]), pages, isNamed: false };
  const named = parseBlocks(blocks);
  const numbers = existing.map(({ block }) => block);
  const stray = named.find((block) => !numbers.includes(block));
  if (stray === undefined) return { blocks: named, pages, isNamed: true };
  throw new VacateError('range', `memory block ${stray} does not exist; there are blocks ${formatBlocks(numbers)}`);
}

function blocksOfDimm(name: string, dimms: readonly DimmFacts[]): readonly BlockId[] {
  const dimm = dimms.find((each) => each.name === name) ?? (/^\d{1,4}$/.test(name) ? dimms[Number(name)] : undefined);
  if (dimm !== undefined) return dimm.blocks;
  const known = dimms.map((each) => `${each.name} (blocks ${formatBlocks(each.blocks)})`).join(', ');
  throw new VacateError(
    'usage',
    known === ''
      ? 'which blocks make a DIMM is not known here; name them with --blocks'
      : `there is no DIMM "${name}"; there are ${known}`,
  );
}

/** As memory_blocks has them; a host that has no memory devices has none, whatever its pages look like. */
function blocksOfImage({ machine, captured, tree }: OpenMachine): BlockFacts[] {
  const text = captured?.files.text('memory_blocks') ?? null;
  if (tree !== null && text === null) return [];
  if (text !== null) {
    return parseMemoryBlocks(text).map(({ block, state, isRemovable, zoneKinds }) => ({
      block,
      isOnline: state === BLOCK_ONLINE,
      isRemovable,
      zones: zoneKinds,
    }));
  }
  const { blockPages, zones } = machine.spec;
  const found: BlockFacts[] = [];
  for (let block = 0; block < machine.blockState.length; block++) {
    if (machine.blockState[block] === 0) continue;
    const own = zones.filter(({ start, end }) => start < (block + 1) * blockPages && block * blockPages < end);
    const isOnline = machine.blockState[block] === BLOCK_ONLINE;
    found.push({ block, isOnline, isRemovable: null, zones: own.length === 1 ? own.map(({ kind }) => kind) : [] });
  }
  return found;
}

function settingsIn(files: CaptureSource | null): Settings {
  return Settings.parse(files?.text('settings') ?? '');
}

function memoryIn(meminfo: string | null): MemoryFacts | null {
  if (meminfo === null) return null;
  const pages = (name: string) => {
    const kib = new RegExp(`^${name}:\\s+(\\d{1,15}) kB$`, 'm').exec(meminfo)?.[1];
    return kib === undefined ? null : (Number(kib) * 1024) / PAGE_SIZE;
  };
  const available = pages('MemAvailable') ?? pages('MemFree');
  const swapTotal = pages('SwapTotal');
  if (available === null || swapTotal === null) return null;
  return { available, swapTotal, swapFree: pages('SwapFree') ?? 0, cmaTotal: pages('CmaTotal') ?? 0 };
}

/** Null too if the addresses are hidden from whoever read them. */
function systemRamIn(iomem: string | null): PfnRange[] | null {
  const ram = parseSystemRam(iomem ?? '').map(({ start, end }) => ({ start: Math.ceil(start), end: Math.floor(end) }));
  return ram.every(({ end }) => end <= 1) ? null : ram;
}
