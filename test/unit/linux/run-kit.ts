import { type OfflineRunEnd, type OfflineRunTask, runOffline } from '../../../src/linux/hotplug/offline-run.js';
import { StateWriter } from '../../../src/linux/hotplug/state-writer.js';
import type { RunLog } from '../../../src/linux/journal/journal.js';
import type { JournalRecord } from '../../../src/linux/journal/journal-record.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import type { BlockId } from '../../../src/mm/units.js';
import { type FakeBlock, FakeKernel, type Manner } from './fake-kernel.js';

export const RUN = '2026-11-23T02:44:19.123Z-4711';
export const BOOT = '0e5f8c6a-3b51-4d3c-9a3e-7f0c6d2a9b11';
const SELF = { pid: 4711, startTicks: 1 };

/** A journal in memory. */
export class Log implements RunLog {
  text = '';

  append(record: JournalRecord): void {
    this.text += `${JSON.stringify(record)}\n`;
  }

  begin(command = 'offline'): this {
    this.append({ kind: 'begin', run: RUN, command, boot: BOOT, process: SELF });
    return this;
  }

  get kinds(): string[] {
    const records = this.text.split('\n').slice(0, -1);
    return records.map((line) => JSON.parse(line)).map(({ kind, word }) => (word === undefined ? kind : word));
  }
}

export const GOES: Manner = { does: 'go', afterMs: 500 };

export function movable(offline: Manner = GOES, more: Partial<FakeBlock> = {}): FakeBlock {
  return { zone: 'Movable', state: BLOCK_ONLINE, offline, ...more };
}

/** Blocks from 32 on. */
export function kernelOf(...blocks: FakeBlock[]): FakeKernel {
  return new FakeKernel(new Map(blocks.map((block, at) => [32 + at, block])));
}

/** A run over all blocks, from the highest down. */
export function taskOf(
  kernel: FakeKernel,
  log: RunLog,
  more: Partial<OfflineRunTask> & { readonly timeoutMs?: number; readonly stallMs?: number } = {},
): OfflineRunTask {
  const { timeoutMs = 60_000, stallMs = 10_000, ...rest } = more;
  const numbers = [...kernel.blocks.keys()].sort((a, b) => b - a);
  return {
    blocks: numbers.map((block: BlockId) => {
      const { state, zone } = kernel.blocks.get(block)!;
      const wasOffline = state === BLOCK_OFFLINE;
      return { block, wasOffline, zone: wasOffline ? null : zone };
    }),
    states: kernel,
    writer: new StateWriter(kernel, log, RUN, kernel),
    clock: kernel,
    bounds: { deadlineMs: timeoutMs, stallMs, interrupted: () => false },
    keepPartial: false,
    ...rest,
  };
}

export function runAll(kernel: FakeKernel, more: Parameters<typeof taskOf>[2] = {}): Promise<OfflineRunEnd> {
  return runOffline(taskOf(kernel, new Log().begin(), more));
}
