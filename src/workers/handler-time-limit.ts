import { type Context, createContext, Script } from 'node:vm';
import { OutOfTime, type TimeLimit } from '../migration/time-limit.js';

/**
 * A handler that touches pages is told that time is up. Only for one that does not hear of it is work broken off, so much
 * later that it is the handler's fault, and not that of a machine with too much to do.
 */
const GRACE = 2;
const GRACE_MS = 500;

/** Made when it is first needed: it takes a millisecond. One for all limits of a thread: they do not nest. */
let stage: { readonly context: Context; readonly script: Script } | null = null;

function ready(): { readonly context: Context; readonly script: Script } {
  stage ??= { context: createContext({ work: null }), script: new Script('work()') };
  return stage;
}

/**
 * V8's own way to end what does not end: another thread counts, and asks for termination. It holds in worker threads
 * too. Starting that thread takes a tenth of a millisecond.
 */
export class HandlerTimeLimit implements TimeLimit {
  #deadline = Number.POSITIVE_INFINITY;

  constructor(readonly limitMs: number) {}

  run<T>(work: () => T): T {
    const { context, script } = ready();
    let done: { readonly value: T } | null = null;
    context.work = () => {
      done = { value: work() };
    };
    this.#deadline = performance.now() + this.limitMs;
    try {
      script.runInContext(context, { timeout: Math.ceil(this.limitMs * GRACE + GRACE_MS) });
    } catch (error) {
      // It may be ended when there is nothing left to end.
      if (done === null) throw isTimeout(error) ? new OutOfTime() : error;
    } finally {
      this.#deadline = Number.POSITIVE_INFINITY;
      context.work = null;
    }
    return (done as unknown as { readonly value: T }).value;
  }

  isOver(): boolean {
    return performance.now() >= this.#deadline;
  }
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
