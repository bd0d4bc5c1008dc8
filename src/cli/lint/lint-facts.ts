import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { type CaptureSource, parseMemoryBlocks, parseSystemRam } from '../../capture/index.js';
import {
  type BlockFacts,
  countPages,
  type DimmFacts,
  type LintFacts,
  type MemoryFacts,
  Settings,
} from '../../lint/index.js';
import { readAcpiDimms } from '../../linux/acpi-dimms.js';
import { settingsText } from '../../linux/host-facts.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { MEMORY_DEVICES, readSysfsMemory } from '../../linux/sysfs-memory.js';
import { BLOCK_ONLINE, blocksOf } from '../../mm/memory-block.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, PAGE_SIZE } from '../../mm/units.js';
import type { OpenMachine } from '../open-machine.js';
import { formatBlocks, parseBlocks } from '../parse-blocks.js';

const DRIVEN_RAM = /^ *([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM \((\w{1,30})\)$/gm;
/** No device has more: 8 TiB in blocks of 128 MiB. */
const BLOCKS_MAX = 65_536;

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
  const iomem = files?.text('iomem') ?? null;
  // A host that names no DIMM has none; of an old capture one can only guess, from where its memory lies.
  const hasNoDimms = tree !== null || (files !== null && files.text('settings') !== null);
  const areGuessed = files !== null && files.text('dimms') === null;
  const known = areGuessed && hasNoDimms ? [] : dimms;
  const dimmFacts = [
    ...known.map(({ name, range }) => ({ name, blocks: blocksOf(range, blockPages) })),
    ...drivenMemory(iomem ?? '', blockPages),
  ];
  const { flags } = machine;
  return {
    kernel: captured?.image.kernel ?? null,
    settings: tree === null ? settingsIn(files) : Settings.parse(settingsText(tree)),
    blockPages,
    blocks: existing,
    dimms: dimmFacts,
    areDimmsGuessed: areGuessed && !hasNoDimms && dimmFacts.length > 0,
    zones: zones.map(({ node, kind }, zone) => ({ node, kind, managed: machine.managed[zone] ?? 0 })),
    memory: memoryIn(files?.text('meminfo') ?? null),
    systemRam: systemRamIn(iomem),
    countsOf: (block) => countPages(flags, block * blockPages, Math.min((block + 1) * blockPages, flags.length)),
    wanted: wantedOf(wanted, existing, dimmFacts),
  };
}

/** The same of a host of whose pages nothing can be said. */
export function factsOfHost(tree: LinuxTree, wanted: Wanted): LintFacts {
  const memory = tree.has(MEMORY_DEVICES) ? readSysfsMemory(tree) : null;
  const blockPages = memory === null ? null : memory.blockBytes / PAGE_SIZE;
  const iomem = tree.text('/proc/iomem');
  const dimms: DimmFacts[] = readAcpiDimms(tree).filter(({ blocks }) => blocks.length > 0);
  if (blockPages !== null) dimms.push(...drivenMemory(iomem ?? '', blockPages));
  const blocks = (memory?.blocks ?? []).map(({ block, state, isRemovable, zones }) => ({
    block,
    isOnline: state === BLOCK_ONLINE,
    isRemovable,
    zones,
  }));
  return {
    kernel: tree.value('/proc/sys/kernel/osrelease'),
    settings: Settings.parse(settingsText(tree)),
    blockPages,
    blocks,
    dimms,
    areDimmsGuessed: false,
    zones: null,
    memory: memoryIn(tree.text('/proc/meminfo')),
    systemRam: systemRamIn(iomem),
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
      : `there is no DIMM ${quoted(name)}; there are ${known}`,
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

/** Memory that a driver has added, "System RAM (kmem)" or "(virtio_mem)": whole blocks that can go with their device. */
function drivenMemory(iomem: string, blockPages: number): DimmFacts[] {
  const found: DimmFacts[] = [];
  for (const [, from = '', to = '', driver = ''] of iomem.matchAll(DRIVEN_RAM)) {
    const first = Number.parseInt(from, 16) / PAGE_SIZE / blockPages;
    const end = (Number.parseInt(to, 16) + 1) / PAGE_SIZE / blockPages;
    if (!Number.isInteger(first) || !Number.isInteger(end) || end <= first || end - first > BLOCKS_MAX) continue;
    const blocks = Array.from({ length: end - first }, (_, index) => first + index);
    found.push({ name: `${driver} at 0x${from.replace(/^0+/, '')}`, blocks });
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
