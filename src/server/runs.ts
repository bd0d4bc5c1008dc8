import { VacateError, type VacateErrorKind } from '../base/vacate-error.js';
import { RunFeed } from './run-feed.js';
import type { RunRequest } from './run-request.js';

/** Each has a machine and a thread of its own. */
const RUNS_MAX = 4;
/** So many that are over can still be looked at. */
const KEPT_MAX = 8;

export type RunState = 'opening' | 'held' | 'running' | 'done' | 'partial' | 'refused' | 'stopped' | 'failed';

/** What a run is told, and how it ends. */
export interface RunThread {
  /** Resolves when it is over; rejects if it could not begin, or broke. */
  readonly ended: Promise<'done' | 'partial' | 'refused' | 'stopped'>;
  /** A run that was held begins. */
  go(): void;
  /** Stops it where everything in hand can be put back. */
  stop(): void;
  /** Ends the thread, wherever it is. */
  kill(): Promise<void>;
}

/** What a run tells while it goes on. */
export interface RunEar {
  onState(state: 'held' | 'running'): void;
  /** A chunk, as `packChunk` makes it without deflating. */
  onChunk(message: Uint8Array): void;
}

/**
 * Begins a run on a fresh copy of the machine.
 *
 * @throws VacateError if it makes no sense on this machine, or there is no memory for one more.
 */
export type StartRun = (request: RunRequest, ear: RunEar) => Promise<RunThread>;

/** A run, for JSON. */
export interface RunFacts {
  readonly id: string;
  readonly frontEnd: RunRequest['frontEnd'];
  readonly strategy: string | null;
  readonly request: RunRequest;
  readonly state: RunState;
  /** A sentence if it failed. */
  readonly error: string | null;
  /** Since the server began. */
  readonly startedMs: number;
}

interface Run {
  facts: RunFacts;
  readonly feed: RunFeed;
  thread: RunThread | null;
}

const OVER: readonly RunState[] = ['done', 'partial', 'refused', 'stopped', 'failed'];

/** The runs that were begun from the page; they go on when it is closed. */
export class Runs {
  readonly #runs = new Map<string, Run>();
  #nrStarted = 0;

  constructor(
    private readonly startRun: StartRun,
    private readonly now: () => number,
  ) {}

  all(): RunFacts[] {
    return [...this.#runs.values()].map(({ facts }) => facts);
  }

  facts(id: string): RunFacts | null {
    return this.#runs.get(id)?.facts ?? null;
  }

  feed(id: string): RunFeed | null {
    return this.#runs.get(id)?.feed ?? null;
  }

  /** @throws VacateError kind 'limit' if as many go on as may. */
  async start(request: RunRequest): Promise<RunFacts> {
    const nrUnderWay = this.#underWay().length;
    if (nrUnderWay >= RUNS_MAX)
      throw new VacateError('limit', `${RUNS_MAX} runs go on already; stop one, or wait for its end`);
    const id = String(++this.#nrStarted);
    const { frontEnd, strategy = null } = request;
    const facts: RunFacts = {
      ...{ id, frontEnd, strategy, request },
      ...{ state: 'opening', error: null, startedMs: Math.round(this.now()) },
    };
    const run: Run = { facts, feed: new RunFeed(), thread: null };
    this.#runs.set(id, run);
    const ear: RunEar = {
      onState: (state) => this.#note(run, { state }),
      onChunk: (message) => run.feed.push(message),
    };
    try {
      run.thread = await this.startRun(request, ear);
    } catch (error) {
      this.#runs.delete(id);
      throw error;
    }
    void this.#follow(run, run.thread);
    this.#forgetOld();
    return run.facts;
  }

  /** False if there is none of that number. */
  go(id: string): boolean {
    this.#runs.get(id)?.thread?.go();
    return this.#runs.has(id);
  }

  stop(id: string): boolean {
    this.#runs.get(id)?.thread?.stop();
    return this.#runs.has(id);
  }

  /** Ends all threads, wherever they are: their machines are nobody's but theirs. */
  async close(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ thread }) => thread?.kill()));
  }

  async #follow(run: Run, thread: RunThread): Promise<void> {
    try {
      this.#note(run, { state: await thread.ended });
    } catch (error) {
      this.#note(run, { state: 'failed', error: sentenceOf(error) });
    }
    run.feed.close(run.facts.error);
    await thread.kill();
  }

  #note(run: Run, news: Partial<RunFacts>): void {
    if (!OVER.includes(run.facts.state)) run.facts = { ...run.facts, ...news };
  }

  #underWay(): Run[] {
    return [...this.#runs.values()].filter(({ facts }) => !OVER.includes(facts.state));
  }

  #forgetOld(): void {
    const over = [...this.#runs.values()].filter(({ facts }) => OVER.includes(facts.state));
    for (const { facts } of over.slice(0, Math.max(0, over.length - KEPT_MAX))) this.#runs.delete(facts.id);
  }
}

/** Errors of ours are sentences; of others, only that something is broken is for a page. */
export function sentenceOf(error: unknown): string {
  if (VacateError.is(error)) return error.message;
  return `something is broken, in vacate or in a plugin: ${error instanceof Error ? error.message : String(error)}`;
}

/** The request is at fault. */
const ASKER_KINDS: readonly VacateErrorKind[] = ['usage', 'range', 'plugin', 'scenario', 'capture'];

export function statusOf(error: unknown): 400 | 409 | 500 {
  if (!VacateError.is(error)) return 500;
  if (error.kind === 'limit') return 409;
  return ASKER_KINDS.includes(error.kind) ? 400 : 500;
}
