import type { StrategyProgress } from '../../strategies/strategy.js';
import type { Progress } from '../progress.js';

/** How far several nodes are, in one line: all that are at the same step as the one that was last heard of. */
export class NodesProgress {
  readonly #latest = new Map<number, StrategyProgress>();

  /** Without a label, that of the step. */
  constructor(
    private readonly progress: Progress,
    private readonly label?: string,
  ) {}

  readonly note = (node: number, latest: StrategyProgress): void => {
    this.#latest.set(node, latest);
    const same = [...this.#latest.values()].filter(({ step }) => step === latest.step);
    this.progress.update({
      label: this.label ?? latest.step,
      done: same.reduce((sum, { done }) => sum + done, 0),
      total: same.reduce((sum, { total }) => sum + total, 0),
      unit: latest.step === 'migrating' ? 'pages' : null,
    });
  };
}
