import type { Observer, Subject, Subscriber, Subscription } from 'rxjs';
import { Observable } from 'rxjs/internal/Observable';

/** Told of every error that a listener let escape. */
export type ListenerErrorHandler = (error: unknown) => void;

type Next<T> = (value: T) => unknown;
type OnError = (error: unknown) => void;
type OnComplete = () => void;

/**
 * An Observable whose listeners cannot hurt whoever announces. RxJS 7 rethrows an error that escapes a listener on an
 * empty stack a moment later, and Node ends the process for it: a map that somebody watches would decide about a run.
 * Here every consumer at the end of a chain is called through a guard instead. One that throws, or whose promise
 * rejects, is unsubscribed and its error reported; so is an operator's error that the consumer has no handler for.
 * The others do not notice.
 *
 * The guard goes along through `pipe`. It cannot go along into an Observable that a creation function made of this one
 * (`merge`, `combineLatest`) or that an operator hands out as a value (`groupBy`, `window`): what is consumed there is
 * the application's, and so is the error (`onStrayListenerError`). Even then it comes later, and never stops a run.
 */
class GuardedObservable<T> extends Observable<T> {
  readonly #report: ListenerErrorHandler;

  constructor(subscribe: (subscriber: Subscriber<T>) => Subscription, report: ListenerErrorHandler) {
    super(subscribe);
    this.#report = report;
  }

  /** Applies the operators as RxJS does and guards what comes out of the last one. */
  override pipe(...operators: readonly ((source: Observable<never>) => unknown)[]): Observable<never> {
    let piped: unknown = this;
    for (const operator of operators) piped = operator(piped as Observable<never>);
    if (!(piped instanceof Observable) || piped instanceof GuardedObservable) return piped as Observable<never>;
    const chain = piped as Observable<never>;
    return new GuardedObservable<never>((subscriber) => chain.subscribe(subscriber), this.#report);
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | Next<T> | null,
    error?: OnError | null,
    complete?: OnComplete | null,
  ): Subscription {
    // An operator's own link is no consumer: it handles errors itself and must be subscribed as it is.
    if (isSubscriber<T>(observerOrNext)) return super.subscribe(observerOrNext);
    const consumer =
      typeof observerOrNext === 'object' && observerOrNext !== null
        ? observerOrNext
        : callbacks(observerOrNext, error, complete);
    const guard = new ConsumerGuard<T>(consumer, this.#report);
    const subscription = super.subscribe(guard);
    guard.attach(subscription);
    return subscription;
  }
}

/** The public face of a private Subject: read-only, and every listener behind a guard. */
export function guarded<T>(subject: Subject<T>, report: ListenerErrorHandler): Observable<T> {
  const safely = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      report(error); // a teardown of the listener's threw: Subject would stop its round there
    }
  };
  return new GuardedObservable<T>(
    (subscriber) =>
      subject.subscribe({
        next: (value) => safely(() => subscriber.next(value)),
        error: (error) => safely(() => subscriber.error(error)),
        complete: () => safely(() => subscriber.complete()),
      }),
    report,
  );
}

/** Stands before one consumer: passes everything on until the consumer fails for the first time. */
class ConsumerGuard<T> implements Observer<T> {
  #subscription: Subscription | null = null;
  #failed = false;

  constructor(
    private readonly consumer: Partial<Observer<T>>,
    private readonly report: ListenerErrorHandler,
  ) {}

  /** A source may emit before `subscribe` has returned, so that a failure can come before the subscription. */
  attach(subscription: Subscription): void {
    this.#subscription = subscription;
    if (this.#failed) this.#detach();
  }

  next(value: T): void {
    if (this.#failed) return;
    try {
      this.#await(this.consumer.next?.(value));
    } catch (error) {
      this.#fail(error);
    }
  }

  error(error: unknown): void {
    if (this.#failed) return;
    try {
      if (this.consumer.error === undefined) this.#fail(error);
      else this.#await(this.consumer.error(error));
    } catch (another) {
      this.#fail(another);
    }
  }

  complete(): void {
    if (this.#failed) return;
    try {
      this.#await(this.consumer.complete?.());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** An async consumer fails by rejecting, which nobody else would handle either. */
  #await(result: unknown): void {
    if (!isThenable(result)) return;
    result.then(undefined, (error: unknown) => this.#fail(error));
  }

  /** Reports before it detaches, so that errors come in the order in which they happened. */
  #fail(error: unknown): void {
    this.#failed = true;
    this.report(error);
    this.#detach();
  }

  #detach(): void {
    try {
      this.#subscription?.unsubscribe();
    } catch (error) {
      this.report(error);
    }
  }
}

function callbacks<T>(next?: Next<T> | null, error?: OnError | null, complete?: OnComplete | null) {
  return {
    ...(next ? { next } : {}),
    ...(error ? { error } : {}),
    ...(complete ? { complete } : {}),
  } as Partial<Observer<T>>;
}

/** By shape and not by class, as RxJS itself asks: an application may bring a second copy of it. */
function isSubscriber<T>(candidate: unknown): candidate is Subscriber<T> {
  const members = ['next', 'error', 'complete', 'add', 'remove', 'unsubscribe'];
  if (typeof candidate !== 'object' || candidate === null) return false;
  return members.every((member) => typeof (candidate as Record<string, unknown>)[member] === 'function');
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
