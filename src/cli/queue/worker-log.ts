import type { WorkerWatch } from '../../queue/queue-worker.js';
import type { Context } from '../context.js';
import { countOf, formatCount } from '../wording.js';

/** What a worker has to say when it begins. */
export interface WorkerFacts {
  /** "host:port" */
  readonly redis: string;
  readonly version: string;
  readonly jobs: number;
  readonly host: string;
  /** Where metrics are asked for; null if nowhere. */
  readonly port: number | null;
}

/** Counts what a worker does, and says what operators want to know: sentences, or JSON a line each. */
export class WorkerLog implements WorkerWatch {
  readonly #counts = { active: 0, done: 0, failed: 0, dropped: 0, handedBack: 0 };

  constructor(
    private readonly context: Context,
    private readonly isJson: boolean,
  ) {}

  get counts(): Readonly<Record<'active' | 'done' | 'failed' | 'dropped' | 'handedBack', number>> {
    return this.#counts;
  }

  /** Tells somebody else as well. */
  and(other: WorkerWatch): WorkerWatch {
    const tell = (what: (each: WorkerWatch) => void) => {
      for (const each of [this, other]) what(each);
    };
    return {
      onBegun: () => tell((each) => each.onBegun()),
      onDone: (seconds, outcome) => tell((each) => each.onDone(seconds, outcome)),
      onHandedBack: (jobs) => tell((each) => each.onHandedBack(jobs)),
      onLost: (because) => tell((each) => each.onLost(because)),
      onBack: () => tell((each) => each.onBack()),
    };
  }

  ready({ redis, version, jobs, host, port }: WorkerFacts): void {
    const metrics = port === null ? '' : `; metrics at ${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#say(
      { event: 'ready', redis, version, jobs, metrics: port === null ? null : { host, port } },
      `ready: ${countOf(jobs, 'job')} at a time of vacate ${version}, from the Redis at ${redis}${metrics}`,
    );
  }

  draining(): void {
    this.#say(
      { event: 'draining', ...this.#counts },
      `takes no more: ${countOf(this.#counts.active, 'job')} under way`,
    );
  }

  ended(): void {
    const { done, failed, handedBack } = this.#counts;
    const counts = `${countOf(done, 'job')} done, ${formatCount(failed)} failed, ${formatCount(handedBack)} handed back`;
    this.#say({ event: 'ended', ...this.#counts }, `ended: ${counts}`);
  }

  onBegun(): void {
    this.#counts.active++;
  }

  onDone(_seconds: number, outcome: 'done' | 'failed' | 'dropped'): void {
    this.#counts.active--;
    this.#counts[outcome]++;
  }

  onHandedBack(jobs: number): void {
    this.#counts.handedBack += jobs;
  }

  onLost(because: string): void {
    this.#say({ event: 'lost', because }, `Redis has gone (${because}); waiting for it`);
  }

  onBack(): void {
    this.#say({ event: 'back' }, 'Redis is back');
  }

  #say(event: object, sentence: string): void {
    if (this.isJson) this.context.print(JSON.stringify(event), true);
    else this.context.note(sentence);
  }
}
