import { type AcpiDimm, readAcpiDimms } from '../../linux/acpi-dimms.js';
import { memoryRow } from '../../linux/block-table.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf } from '../../linux/live-files.js';
import { readSysfsMemory, type SysfsBlock } from '../../linux/sysfs-memory.js';
import { BLOCK_ONLINE } from '../../mm/memory-block.js';
import { formatBytes } from '../../mm/units.js';
import type { Palette } from '../palette.js';
import { formatBlocks } from '../parse-blocks.js';
import { table } from '../tables.js';
import { countOf, wrap } from '../wording.js';
import { memoryLines } from './inspect-memory.js';
import { type MemoryReport, memoryReport } from './inspect-report.js';

/** What `vacate inspect` knows of a host whose pages cannot be spoken of: its memory blocks and DIMMs. */
export interface BlocksReport {
  readonly name: string;
  readonly lsmem: MemoryReport;
  readonly blocks: readonly SysfsBlock[];
  readonly dimms: readonly AcpiDimm[];
  readonly caveats: readonly string[];
}

/** @throws VacateError kind 'host' if the kernel has no memory blocks to show. */
export function blocksReport(tree: LinuxTree, whyNoPages: string): BlocksReport {
  const { blocks, blockBytes } = readSysfsMemory(tree);
  return {
    name: hostNameOf(tree),
    lsmem: memoryReport(blocks, blockBytes),
    blocks,
    dimms: readAcpiDimms(tree).filter((dimm) => dimm.blocks.length > 0),
    caveats: [whyNoPages],
  };
}

/** The shape of any other machine's report; null is what could not be known. */
export function blocksJson({ name, lsmem, blocks, dimms, caveats }: BlocksReport) {
  const dimmOf = (block: number) => dimms.find((dimm) => dimm.blocks.includes(block))?.name ?? null;
  return {
    command: 'inspect',
    machine: name,
    source: 'live',
    seed: null,
    nrCpus: null,
    nrPfns: null,
    bytes: lsmem.onlineBytes,
    blockPages: null,
    nrSwapSlots: null,
    simulated: null,
    blockBytes: lsmem.blockBytes,
    onlineBytes: lsmem.onlineBytes,
    offlineBytes: lsmem.offlineBytes,
    memory: lsmem.memory,
    nodes: null,
    zones: null,
    dimms: dimms.map((dimm) => ({ name: dimm.name, blocks: dimm.blocks, online: nrOnline(dimm, blocks) })),
    blocks: blocks.map((row) => ({
      ...memoryRow(row, lsmem.blockBytes),
      block: row.block,
      zone: row.zones[0] ?? null,
      dimm: dimmOf(row.block),
      used: null,
      free: null,
      kinds: null,
    })),
    caveats,
  };
}

export function blocksText({ name, lsmem, blocks, dimms, caveats }: BlocksReport, palette: Palette): string[] {
  const online = `${formatBytes(lsmem.onlineBytes)} online`;
  const count = `${countOf(blocks.length, 'memory block')} of ${formatBytes(lsmem.blockBytes)}`;
  const lines = [`${palette.bold(name)}, a host: ${online}, ${count}.`, ''];
  lines.push(palette.bold('Memory'), ...memoryLines(lsmem, palette), '');
  if (dimms.length > 0) lines.push(palette.bold('DIMMs'), dimmTable(dimms, blocks, lsmem.blockBytes, palette), '');
  lines.push(palette.bold('What is not known'), ...caveats.map((caveat) => `  ! ${wrap(caveat, 76, '    ')}`));
  return lines;
}

function dimmTable(
  dimms: readonly AcpiDimm[],
  blocks: readonly SysfsBlock[],
  blockBytes: number,
  palette: Palette,
): string {
  return table(
    palette,
    [
      ['DIMM', 'left'],
      ['size', 'right'],
      ['blocks', 'left'],
      ['online', 'right'],
    ],
    dimms.map((dimm) => [
      dimm.name,
      formatBytes(dimm.blocks.length * blockBytes),
      formatBlocks(dimm.blocks),
      `${nrOnline(dimm, blocks)} of ${dimm.blocks.length}`,
    ]),
  );
}

function nrOnline(dimm: AcpiDimm, blocks: readonly SysfsBlock[]): number {
  return blocks.filter(({ block, state }) => state === BLOCK_ONLINE && dimm.blocks.includes(block)).length;
}
