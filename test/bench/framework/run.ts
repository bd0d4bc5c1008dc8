import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Round } from './benchmark.js';
import type { Entered, FromChild, ToChild } from './child.js';
import { type BenchmarkReport, reportOf, type SizeRuns } from './report.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));
/** Garbage is collected on the thread that works: on others, what one contestant has left would be timed as the next one's. */
const FLAGS = ['--expose-gc', '--single-threaded-gc', '--max-old-space-size=8192'];
export interface RunOptions {
  /** GiB of pages; each in a process of its own, and round by round in turn. */
  readonly sizes: readonly number[];
  readonly runs: number;
  /** Rounds before them that do not count: memory is touched and code compiled. */
  readonly warmUps: number;
  readonly onProgress: (done: string) => void;
}

/** Runs a benchmark at several sizes at once, a round of each in turn, so that growth is measured in pairs as well. */
export async function runBenchmark(benchmark: Benchmark, options: RunOptions): Promise<BenchmarkReport> {
  const children: SizeChild[] = [];
  try {
    for (const gib of options.sizes) {
      options.onProgress(`${benchmark.name}: prepares ${gib} GiB`);
      const child = new SizeChild(benchmark.name, gib);
      children.push(child);
      await child.prepared();
    }
    const { runs, warmUps } = options;
    for (let round = 0; round < warmUps + runs; round++) {
      for (const child of children) {
        const which = round < warmUps ? 'warm-up' : `round ${round - warmUps + 1} of ${runs}`;
        options.onProgress(`${benchmark.name}: ${child.gib} GiB, ${which}`);
        await child.round(round >= warmUps);
      }
    }
    return reportOf(benchmark, children);
  } finally {
    for (const child of children) child.end();
  }
}

/** One size, in its process. */
class SizeChild implements SizeRuns {
  readonly #process: ChildProcess;
  /** What the process has said and nobody has heard yet, or who waits for it. */
  readonly #said: FromChild[] = [];
  #listener: ((message: FromChild) => void) | null = null;
  entrants: readonly Entered[] = [];
  /** One list a counted round, of those that take part, in their order. */
  readonly rounds: (readonly Round[])[] = [];

  constructor(
    readonly name: string,
    readonly gib: number,
  ) {
    this.#process = fork(CHILD, [name, String(gib)], { execArgv: FLAGS });
    this.#process.on('message', (message: FromChild) => this.#hear(message));
    this.#process.on('exit', (code, signal) => this.#hear({ failed: `its process ended with ${signal ?? code}` }));
  }

  async prepared(): Promise<void> {
    const message = await this.#next();
    if ('entrants' in message) this.entrants = message.entrants;
  }

  async round(counts: boolean): Promise<void> {
    if (this.entrants.every(isMissing)) return;
    this.#process.send('round' satisfies ToChild);
    const message = await this.#next();
    if ('rounds' in message && counts) this.rounds.push(message.rounds);
  }

  end(): void {
    if (this.#process.connected) this.#process.send('end' satisfies ToChild);
  }

  async #next(): Promise<FromChild> {
    const message = this.#said.shift() ?? (await new Promise<FromChild>((resolve) => (this.#listener = resolve)));
    if ('failed' in message) throw new Error(`${this.name} at ${this.gib} GiB: ${message.failed}`);
    return message;
  }

  #hear(message: FromChild): void {
    const listener = this.#listener;
    this.#listener = null;
    if (listener === null) this.#said.push(message);
    else listener(message);
  }
}

function isMissing(entered: Entered): boolean {
  return 'skipped' in entered;
}
