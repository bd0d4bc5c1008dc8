import type { CompactionRun } from '../../linux/compact-memory.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { Context } from '../context.js';
import { LiveRecording } from '../record/live-recording.js';
import { CompactionView } from '../watch/compaction-view.js';
import type { Watching } from '../watch/job-view.js';
import type { LiveMemory } from './live-memory.js';

export interface CompactionSightOptions {
  readonly tree: LinuxTree;
  readonly order: number;
  /** The only node that is compacted; null for all. */
  readonly node: number | null;
  /** Pages that both scanners are expected to look at. */
  readonly total: number;
  readonly watching: Watching;
  /** The host as it was read; null if nobody wants to see its pages. */
  readonly memory: LiveMemory | null;
  readonly record: string | null;
}

/** Reading all pages for the map takes at most this part of the time: it holds up whoever waits for the time limit. */
const READING_SHARE = 0.1;

/** All who follow a kernel that compacts memory: the terminal, the map of memory, the recording. None can stop it. */
export class CompactionSight {
  readonly #view: CompactionView;
  readonly #recording: LiveRecording | null;
  #reading: Promise<unknown> | null = null;
  #readAgainAt = performance.now();

  /** @throws VacateError kind 'usage' if the run cannot be recorded; nothing has been written to the host then. */
  constructor(
    context: Context,
    private readonly options: CompactionSightOptions,
  ) {
    const { tree, order, node, watching, memory, record } = options;
    const where = `${tree.isLive ? 'this host' : 'a copied host'}${node === null ? '' : `, node ${node}`}`;
    this.#view = new CompactionView(context, {
      ...{ watching, tree, order, node, memory: memory?.source ?? null },
      only: memory === null ? [] : rangesOf(memory, node),
      title: `The kernel compacts memory of ${memory?.name ?? where}`,
    });
    this.#recording = memory === null || record === null ? null : new LiveRecording(context, record, tree, memory);
    this.#recording?.begin('high-order', []);
  }

  /** The kernel has looked at so many pages. */
  look(done: number): void {
    this.#view.show({ label: 'compacting', done, total: this.options.total, unit: 'pages' });
    this.#recording?.tick();
    if (this.#view.showsMap && this.#reading === null && performance.now() >= this.#readAgainAt)
      this.#reading = this.#readAgain().finally(() => {
        this.#reading = null;
      });
  }

  /** The kernel has let go. True if the pages could be read as it left them; not tried while somebody waits for us. */
  async finish(outcome: CompactionRun['outcome']): Promise<boolean> {
    this.#view.close();
    await this.#reading;
    if (outcome === 'timeout' || outcome === 'interrupted') return false;
    return (await this.options.memory?.readAgain()) ?? false;
  }

  async end(outcome: CompactionRun['outcome']): Promise<void> {
    this.#view.close();
    await this.#recording?.end(outcome);
  }

  async #readAgain(): Promise<void> {
    const begun = performance.now();
    await this.options.memory?.readAgain();
    this.#view.noteRead();
    this.#readAgainAt = performance.now() + (performance.now() - begun) * (1 / READING_SHARE - 1);
  }
}

/** The memory of a node, or all. */
export function rangesOf({ layout }: LiveMemory, node: number | null): PfnRange[] {
  return layout.zones.filter((zone) => node === null || zone.node === node).map(({ start, end }) => ({ start, end }));
}
