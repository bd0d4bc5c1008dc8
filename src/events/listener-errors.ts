import { config } from 'rxjs/internal/config';
import type { ListenerErrorHandler } from './guarded-observable.js';

/** Counts the errors that listeners let escape and passes them on to whoever asked for them. */
export class ListenerErrors {
  #nrErrors = 0;

  constructor(private readonly handler: ListenerErrorHandler | null) {}

  get nrErrors(): number {
    return this.#nrErrors;
  }

  /** Bound, because it is handed around. A handler that throws is a listener like any other: it must not stop a run. */
  readonly report = (error: unknown): void => {
    this.#nrErrors++;
    try {
      this.handler?.(error);
    } catch {
      this.#nrErrors++;
    }
  };
}

/**
 * Says what becomes of errors in Observables that an application built around ours with `merge` and the like, where no
 * guard of ours reaches. RxJS keeps one such handler per process, so this is for the program (the command line), never
 * for the library. Null restores RxJS's own: rethrow, which ends a Node process.
 *
 * @example
 * onStrayListenerError((error) => console.error('a listener that is gone threw', error));
 * onStrayListenerError(null); // back to the default
 */
export function onStrayListenerError(handler: ListenerErrorHandler | null): void {
  config.onUnhandledError = handler;
}
