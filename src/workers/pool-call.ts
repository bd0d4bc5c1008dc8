/** What a worker's function is called with: what to do, and where to post what it has found so far. */
export interface PoolCall<Task> {
  readonly task: Task;
  readonly port: { postMessage(message: unknown): void };
}

/** A worker's function: its module's default export. It returns how many messages it has posted. */
export type PoolFunction<Task> = (call: PoolCall<Task>) => Promise<number>;
