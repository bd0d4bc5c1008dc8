import type { AttemptExplanation } from '../../explain/index.js';
import type { OfflineRunTask } from '../../linux/hotplug/offline-run.js';
import { BLOCK_ABSENT, BLOCK_GOING_OFFLINE, blockRange } from '../../mm/memory-block.js';
import { type BlockId, PAGE_SIZE } from '../../mm/units.js';
import type { Context } from '../context.js';
import { nameBlocks } from '../parse-blocks.js';
import { LiveRecording } from '../record/live-recording.js';
import { BlocksView } from '../watch/blocks-view.js';
import type { Watching } from '../watch/job-view.js';
import type { LiveMemory } from './live-memory.js';
import type { LiveRun } from './live-run.js';
import { attemptBecause, type Limits } from './offline-live-because.js';
import type { OfflinePlan } from './offline-live-plan.js';

export interface SightOptions extends Limits {
  readonly watching: Watching;
  readonly memory: LiveMemory | null;
  readonly record: string | null;
}

type Hooks = Pick<OfflineRunTask, 'onBlock' | 'onLook' | 'onAttempt' | 'onBack'>;

/** All who follow a live run: the terminal, the map of memory, the recording. None of them can stop it. */
export class OfflineSight {
  readonly #view: BlocksView;
  readonly #recording: LiveRecording | null;

  /** @throws VacateError kind 'usage' if the run cannot be recorded; nothing has been written to the host then. */
  constructor(
    private readonly context: Context,
    { tree, states }: LiveRun,
    private readonly plan: OfflinePlan,
    private readonly options: SightOptions,
  ) {
    const { memory, record, watching } = options;
    this.#view = new BlocksView(context, {
      ...{ watching, order: plan.order, memory: memory?.source ?? null },
      title: `Taking ${nameBlocks(plan.order)} of ${plan.machine} offline`,
      stateOf: (block) => states.read(block)?.state ?? BLOCK_ABSENT,
    });
    this.#recording = memory === null || record === null ? null : new LiveRecording(context, record, tree, memory);
    const blockPages = plan.blockBytes / PAGE_SIZE;
    this.#recording?.begin(
      'offline',
      plan.order.map((block) => blockRange(block, blockPages)),
    );
  }

  /** What a run tells; `begin` is told too when a block's turn comes. */
  hooks(begin: () => void): Hooks {
    const { memory } = this.options;
    return {
      onBlock: (block) => {
        begin();
        memory?.noteState(block, BLOCK_GOING_OFFLINE);
        this.#recording?.state(block, BLOCK_GOING_OFFLINE);
      },
      onLook: (block, pagesBefore, { pages, words = null }) => {
        if (words !== null) memory?.noteWords(block, words);
        const left = pages ?? pagesBefore ?? 0;
        const total = Math.max(pagesBefore ?? 0, left);
        const { order } = this.plan;
        const label = `block ${block} (${order.indexOf(block) + 1} of ${order.length})`;
        this.#view.show(block, { label, done: total - left, total, unit: 'pages' });
        if (pages === null) this.#recording?.tick();
        else this.#recording?.look(block, pages);
      },
      onAttempt: (attempt) => {
        this.#lookAtState(attempt.block);
        if (attempt.obstacle === null) return;
        this.#recording?.gaveUp(attempt.block, attemptBecause(attempt, this.options) ?? attempt.obstacle);
      },
      onBack: ({ block }) => this.#lookAtState(block),
    };
  }

  /** Takes the picture away: something else is to be said. */
  pause(): void {
    this.#view.close();
    this.context.progress.stop();
  }

  /** What became of memory in the end: the pages that the kernel named, and all others, unless somebody waits for us. */
  async lookAgain(explanations: readonly AttemptExplanation[], isHurried: boolean): Promise<void> {
    for (const { block } of this.plan.blocks) this.#lookAtState(block);
    if (!isHurried) await this.options.memory?.readAgain();
    this.#recording?.refused(explanations);
  }

  async end(outcome: string): Promise<void> {
    this.pause();
    await this.#recording?.end(outcome);
  }

  /** What the kernel says of a block now. */
  #lookAtState(block: BlockId): void {
    if (this.#recording === null) this.options.memory?.lookAtState(block);
    else this.#recording.lookAtState(block);
  }
}
