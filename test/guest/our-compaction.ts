import {
  createEvacuator,
  type HighOrderResult,
  loadShippedPlugins,
  machineFromImage,
  readCapture,
  runToEnd,
  simModule,
} from 'vacate';
import type { CompactionSet } from './compaction-set.js';

/** What one of our strategies made of a capture. */
export interface OurFigures {
  readonly blocks: number;
  readonly moved: number;
  readonly reclaimed: number;
  /** Of a CPU: planning and moving, without reading the capture. */
  readonly seconds: number;
  /** FNV-1a over which page went where. */
  readonly hash: string;
}

export interface OurCompaction {
  /** Our model of the kernel's compaction, doing the same job. */
  readonly model: OurFigures;
  /** As many blocks as the kernel gained. */
  readonly merged: OurFigures;
  /** Moves that nobody makes as many blocks with fewer. */
  readonly lowerBound: number;
  /** Blocks that merged makes if it is to make all it can. */
  readonly possible: number;
}

const plugins = await loadShippedPlugins();

/** Our strategies from the capture that was taken before a kernel compacted, for as many blocks as it gained. */
export function compactOurselves({ capture, job, kernel }: CompactionSet): OurCompaction {
  const count = Math.max(1, kernel.blocks);
  const { figures: merged, lowerBound } = runOn(capture, 'merged', count);
  return {
    model: runOn(capture, 'compaction', job === 'compact' ? 'all' : count).figures,
    merged,
    lowerBound: lowerBound!,
    possible: possibleBlocks(capture),
  };
}

/** Blocks of order 9 that can be had of a capture's memory beyond those that are free. */
export function possibleBlocks(capture: string): number {
  return runOn(capture, 'merged', 'all').figures.blocks;
}

function runOn(capture: string, strategy: string, count: number | 'all') {
  const machine = machineFromImage(readCapture(capture));
  const { highOrder, dispose } = createEvacuator({ host: simModule(machine), plugins });
  const before = process.cpuUsage();
  const result = runToEnd(highOrder({ order: 9, count }, strategy));
  const { user, system } = process.cpuUsage(before);
  dispose();
  return { figures: figuresOf(result, (user + system) / 1e6), lowerBound: result.lowerBound };
}

function figuresOf({ made, pagesMigrated, pagesReclaimed, moved }: HighOrderResult, seconds: number): OurFigures {
  let hash = 0x811c9dc5;
  for (const column of [moved.sources, moved.targets])
    for (let i = 0; i < column.length; i++) hash = Math.imul(hash ^ column[i]!, 0x01000193);
  return {
    blocks: made,
    moved: pagesMigrated,
    reclaimed: pagesReclaimed,
    seconds,
    hash: (hash >>> 0).toString(16).padStart(8, '0'),
  };
}
