import type { VacateErrorKind } from '../base/vacate-error.js';

/** What a keeper's module is called with when its thread begins. */
export interface KeeperStart<Task> {
  readonly task: Task;
  /** Milliseconds for which this thread has had a core; null where the system does not say. */
  cpuMs(): number | null;
}

/** One request to a keeper. */
export interface KeeperCall<Request> {
  readonly request: Request;
  /** Aborted when whoever asked wants the work to stop; an answer is still expected. */
  readonly signal: AbortSignal;
  /** Says something before the answer. */
  tell(news: unknown): void;
}

/** A keeper's answers: what its thread does from request to request, and keeps between them. */
export type Keeper<Request, Answer> = (call: KeeperCall<Request>) => Promise<Answer>;

/** A keeper's module has this as its default export. */
export type KeeperFunction<Task, Request, Answer> = (start: KeeperStart<Task>) => Keeper<Request, Answer>;

/** What is posted to a keeper's thread. */
export type ToKeeper<Request> = { readonly request: Request } | 'stop';

/** What it posts: news, and for each request one answer or one failure. */
export type FromKeeper<Answer, News> =
  | { readonly news: News }
  | { readonly answer: Answer }
  | { readonly failed: { readonly kind: VacateErrorKind | null; readonly message: string } };
