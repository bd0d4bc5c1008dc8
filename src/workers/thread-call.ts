import type { PoolCall } from './pool-call.js';

/** What a thread's function is called with. */
export interface ThreadCall<Task> extends PoolCall<Task> {
  /** Bytes of the thread's heap that are in use, garbage collected first. */
  heapUsedBytes(): number;
  /** Milliseconds since some moment. */
  now(): number;
}

/** A thread's function: its module's default export. The thread ends when it has ended. */
export type ThreadFunction<Task> = (call: ThreadCall<Task>) => Promise<void>;
