import { statSync } from 'node:fs';
import { join } from 'node:path';
import { VacateError } from '../../base/vacate-error.js';
import {
  type CaptureFiles,
  parseBlockPages,
  parseMemoryBlocks,
  parseSystemRam,
  readOwners,
} from '../../capture/index.js';
import { createJudge } from '../../container/create-judge.js';
import { loadShippedPlugins } from '../../container/load-plugins.js';
import type { BlockEvidence, Knowledge } from '../../explain/index.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { MEMORY_DEVICES, readSysfsMemory } from '../../linux/sysfs-memory.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import type { Machine } from '../../sim/machine.js';
import { SimHost } from '../../sim/sim-host.js';
import { unmovableIn } from '../../strategies/offline/ask-range.js';
import { type OpenOptions, openMachine } from '../open-machine.js';

/** What is known of a machine besides its log. */
export interface Evidence {
  readonly name: string;
  readonly knowledge: Knowledge & { readonly blockPages: number };
  readonly zonesOf: (block: BlockId) => readonly string[] | null;
  readonly caveats: readonly string[];
}

interface BlockRow {
  readonly block: BlockId;
  readonly isOnline: boolean;
  readonly zones: readonly string[];
}

/** Texts that say where blocks are, and what of them is System RAM. */
interface Blocks {
  readonly blockPages: number;
  /** Null if not known. */
  readonly rows: readonly BlockRow[] | null;
  readonly iomem: string | null;
}

/**
 * What a capture says of blocks and pages. Without kpageflags only blocks are known, and the log explains the pages by
 * itself.
 */
export async function evidenceOfCapture(files: CaptureFiles, options: OpenOptions): Promise<Evidence> {
  const caveats: string[] = [];
  const blockText = files.text('memory_blocks');
  const blocks: Blocks = {
    blockPages: parseBlockPages(files.textBeside('block_size_bytes'), caveats),
    rows: blockText === null ? null : parseMemoryBlocks(blockText).map(rowOf),
    iomem: files.text('iomem'),
  };
  const hasPages = ['kpageflags.gz', 'kpageflags'].some(
    (name) => statSync(join(files.where, name), { throwIfNoEntry: false }) !== undefined,
  );
  const pages = hasPages ? await pagesOf(files.where, options, caveats) : null;
  const { knowledge, ...rest } = evidence(files.name, blocks, pages, caveats);
  return { ...rest, knowledge: { ...knowledge, owners: readOwners(files) } };
}

/** Pages as they were before the attempt; null if the capture makes no sense, as its log may all the same. */
async function pagesOf(where: string, options: OpenOptions, caveats: string[]): Promise<Pages | null> {
  try {
    const { machine, caveats: told } = await openMachine(where, options);
    caveats.push(...told);
    const service = createJudge(new SimHost(machine), await loadShippedPlugins());
    return { machine, service };
  } catch (error) {
    if (!VacateError.is(error) || error.kind !== 'capture') throw error;
    caveats.push(error.message);
    return null;
  }
}

function rowOf({ block, state, zoneKinds }: ReturnType<typeof parseMemoryBlocks>[number]): BlockRow {
  return { block, isOnline: state === BLOCK_ONLINE, zones: zoneKinds };
}

/** What sysfs says of the blocks of a host; its pages are not read, as they are no longer what they were. */
export function evidenceOfHost(tree: LinuxTree, name: string): Evidence {
  const caveats: string[] = [];
  if (!tree.has(MEMORY_DEVICES)) {
    caveats.push(`${tree.at(MEMORY_DEVICES)} is not there: memory blocks are taken to be 128 MiB.`);
    return evidence(name, { blockPages: parseBlockPages(null, []), rows: null, iomem: null }, null, caveats);
  }
  const { blockBytes, blocks } = readSysfsMemory(tree);
  const rows = blocks.map(({ block, state, zones }) => ({ block, isOnline: state === BLOCK_ONLINE, zones }));
  const blockPages = parseBlockPages(blockBytes.toString(16), caveats);
  return evidence(name, { blockPages, rows, iomem: tree.text('/proc/iomem') }, null, caveats);
}

/** Of a log alone nothing is known but what is usual. */
export function noEvidence(name: string): Evidence {
  const caveats = ['Only a log is given: memory blocks are taken to be 128 MiB, as x86-64 usually has them.'];
  return evidence(name, { blockPages: parseBlockPages(null, []), rows: null, iomem: null }, null, caveats);
}

interface Pages {
  readonly machine: Machine;
  readonly service: MigrationService;
}

function evidence(name: string, blocks: Blocks, pages: Pages | null, caveats: readonly string[]): Evidence {
  const { blockPages, rows } = blocks;
  const rowFor = (block: BlockId) => rows?.find((row) => row.block === block) ?? null;
  const evidenceOf = (block: BlockId): BlockEvidence | null => {
    const row = rowFor(block);
    if (row === null) return null;
    const range = blockRange(block, blockPages);
    return {
      zones: row.zones,
      isOnline: row.isOnline,
      nrMissing: missingIn(blocks, block),
      unmovable: pages === null ? [] : unmovableIn(pages.service, range),
    };
  };
  const flags = pages?.machine.flags;
  const flagsOf = flags === undefined ? {} : { flagsOf: (pfn: number) => flags[pfn] ?? null };
  return {
    name,
    knowledge: { blockPages, evidenceOf, ...flagsOf },
    zonesOf: (block) => rowFor(block)?.zones ?? null,
    caveats,
  };
}

/** Pages of a block that /proc/iomem does not call System RAM; null without it, or if it hides its addresses. */
function missingIn({ iomem, blockPages }: Blocks, block: BlockId): number | null {
  const ram = iomem === null ? [] : parseSystemRam(iomem);
  if (ram.every(({ end }) => end <= 1)) return null;
  const { start, end } = blockRange(block, blockPages);
  let present = 0;
  for (const each of ram) {
    present += Math.max(0, Math.min(end, Math.floor(each.end)) - Math.max(start, Math.ceil(each.start)));
  }
  return blockPages - present;
}
