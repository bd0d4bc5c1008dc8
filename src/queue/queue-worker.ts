import type { Job as Message, Queue, Worker } from 'bullmq';
import { type Job, jobId } from '../workers/job.js';
import { type Bundle, readBundle } from './bundle.js';
import { connect, load, type Redis, type RedisAccess } from './connection.js';
import { QUEUE_NAME, queuePrefix, type RunKeys, runKeys } from './names.js';
import { keepRow, withoutRows } from './run-scripts.js';
import { ANNOUNCE_EVERY_MS, type Announcement, announce, withdraw } from './worker-book.js';

/** What came of a job: its row, as text that the client can read. */
export interface Finding {
  readonly row: string;
  /** It says only why there is nothing else to say; another worker may come to more. */
  readonly isFailed: boolean;
}

/** Does one job, elsewhere than on this thread, which has to say that the worker lives. It never rejects. */
export type DoJob = (job: Job, from: string) => Promise<Finding>;

/** What happens to a worker, for whoever keeps books or tells people. */
export interface WorkerWatch {
  onBegun(): void;
  /** A job is over, after so many seconds; its row was kept, or nobody waited for it any more. */
  onDone(seconds: number, outcome: 'done' | 'failed' | 'dropped'): void;
  /** So many jobs go back to the queue. */
  onHandedBack(jobs: number): void;
  onLost(because: string): void;
  onBack(): void;
}

export interface QueueWorkerOptions {
  readonly access: RedisAccess;
  readonly announcement: Announcement;
  readonly doJob: DoJob;
  /** A worker of which nothing was heard for so many milliseconds is taken to be dead, and its jobs go to others. */
  readonly takeOverMs: number;
  readonly watch: WorkerWatch;
}

/** How often a job may take its worker with it, or lose it otherwise, before it is given up. */
const STALLED_MAX = 10;

/** After a failure of the connection BullMQ looks again so much later. */
const LOOK_AGAIN_MS = 500;

/** An idle worker asks for jobs this often, in seconds, should it have missed that there are some. */
const IDLE_S = 2;

/** Takes bundles of jobs from the queue of its own version, and sees to it that every job has its row. */
export class QueueWorker {
  #isDraining = false;
  #isStopped = false;
  readonly #announcing: NodeJS.Timeout;

  private constructor(
    private readonly options: QueueWorkerOptions,
    private readonly redis: Redis,
    private readonly own: Redis,
    private readonly queue: Queue,
    private readonly worker: Worker,
  ) {
    this.#announcing = setInterval(() => this.#announce(), ANNOUNCE_EVERY_MS);
  }

  /** @throws VacateError kind 'usage' if BullMQ is not installed. */
  static async start(options: QueueWorkerOptions): Promise<QueueWorker> {
    const { access, announcement, takeOverMs, watch } = options;
    const bullmq = await load('bullmq', () => import('bullmq'));
    let self: QueueWorker | null = null;
    const isHeard = () => self === null || !self.#isStopped;
    const redis = await connect(access, {
      onLost: (because) => isHeard() && watch.onLost(because),
      onBack: () => isHeard() && watch.onBack(),
    });
    const own = await connect(access);
    const shared = { prefix: queuePrefix(announcement.version) };
    const worker = new bullmq.Worker(
      QUEUE_NAME,
      (message: Message, token?: string) => self!.#process(message, token, bullmq),
      {
        ...{ ...shared, connection: own, autorun: false, concurrency: announcement.jobs },
        ...{ lockDuration: takeOverMs, stalledInterval: takeOverMs, maxStalledCount: STALLED_MAX },
        ...{ drainDelay: IDLE_S, runRetryDelay: LOOK_AGAIN_MS },
      },
    );
    const queue = new bullmq.Queue(QUEUE_NAME, { ...shared, connection: redis });
    // What is wrong with the connection the watch hears of; BullMQ tries again by itself.
    worker.on('error', () => {});
    queue.on('error', () => {});
    self = new QueueWorker(options, redis, own, queue, worker);
    await announce(redis, announcement);
    worker.run().catch(() => {});
    return self;
  }

  get isConnected(): boolean {
    return this.redis.status === 'ready';
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Bundles by where they are, over all workers of this version; null if Redis does not say in time. */
  async waiting(withinMs: number): Promise<Readonly<Record<string, number>> | null> {
    if (!this.isConnected) return null;
    const counts = this.queue.getJobCounts('wait', 'prioritized', 'delayed', 'active', 'failed');
    return Promise.race([
      counts.catch(() => null),
      new Promise<null>((resolve) => setTimeout(resolve, withinMs, null).unref()),
    ]);
  }

  /** Takes no more; resolves when the jobs under way are done, and what else it had is back in the queue. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    clearInterval(this.#announcing);
    if (this.isConnected) await withdraw(this.redis, this.options.announcement).catch(() => {});
    // Without a Redis nothing can be handed back; others take it over.
    await this.worker.close(!this.isConnected).catch(() => {});
    this.stop();
  }

  /** Ends the connections, whatever is under way. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#announcing);
    void this.queue.close().catch(() => {});
    void this.worker.close(true).catch(() => {});
    this.redis.disconnect();
    this.own.disconnect();
  }

  #announce(): void {
    if (this.isConnected) void announce(this.redis, this.options.announcement).catch(() => {});
  }

  async #process(message: Message, token: string | undefined, bullmq: typeof import('bullmq')): Promise<string> {
    const bundle = readBundle(message.data);
    const { version } = this.options.announcement;
    if (bundle === null || bundle.jobs.some(({ vacate }) => vacate !== version))
      throw new bullmq.UnrecoverableError(`no client of vacate ${version} has put this into the queue`);
    const keys = runKeys(version, bundle.run);
    const isLast = message.attemptsMade + 1 >= (message.opts.attempts ?? 1);
    const end = await this.#doBundle(bundle, keys, isLast);
    if (end.handedBack > 0) {
      this.options.watch.onHandedBack(end.handedBack);
      await message.moveToWait(token);
      throw new bullmq.WaitingError();
    }
    if (end.failed > 0) throw new Error(`${end.failed} of ${bundle.jobs.length} jobs failed here`);
    return end.wasDropped ? 'dropped' : 'done';
  }

  /**
   * Does what has no row yet. What failed is kept only if nobody will try again. A row is kept while the next job is done,
   * so that no thread waits for Redis; whether its client still waits is known one job later.
   */
  async #doBundle(bundle: Bundle, keys: RunKeys, isLast: boolean) {
    const { doJob, watch } = this.options;
    const byId = new Map(bundle.jobs.map((job) => [jobId(job), job]));
    const left = await withoutRows(this.redis, keys, [...byId.keys()]);
    if (left === null) return DROPPED;
    let failed = 0;
    let isWaited = Promise.resolve(true);
    for (const [at, id] of left.entries()) {
      if (this.#isDraining) {
        await isWaited;
        return { failed, handedBack: left.length - at, wasDropped: false };
      }
      const begun = performance.now();
      const end = (outcome: Parameters<WorkerWatch['onDone']>[1]) =>
        watch.onDone((performance.now() - begun) / 1000, outcome);
      watch.onBegun();
      const { row, isFailed } = await doJob(byId.get(id)!, bundle.from);
      if (!(await isWaited)) {
        end('dropped');
        return DROPPED;
      }
      if (isFailed && !isLast) {
        failed++;
        end('failed');
        continue;
      }
      isWaited = keepRow(this.redis, keys, id, row).then((isKept) => {
        end(!isKept ? 'dropped' : isFailed ? 'failed' : 'done');
        return isKept;
      });
      // Should the connection end meanwhile: that is heard of when the next job is done.
      isWaited.catch(() => {});
    }
    return (await isWaited) ? { failed, handedBack: 0, wasDropped: false } : DROPPED;
  }
}

/** Nobody waits for a bundle any more. */
const DROPPED = { failed: 0, handedBack: 0, wasDropped: true } as const;
