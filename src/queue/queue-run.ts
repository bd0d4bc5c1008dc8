import type { Job as Message, Queue } from 'bullmq';
import type { Job } from '../workers/job.js';
import { type Bundle } from './bundle.js';
import { connect, load, type Redis, type RedisAccess } from './connection.js';
import { QUEUE_NAME, queuePrefix, type RunKeys, runKeys } from './names.js';
import { dropRows, forget, type NewRow, rowsAfter, stayAlive } from './run-scripts.js';
import { workersThere } from './worker-book.js';

/** A job with its name. */
export interface NamedJob {
  readonly id: string;
  readonly job: Job;
}

export interface QueueRunOptions {
  readonly access: RedisAccess;
  readonly version: string;
  /** Where names of files begin that are not absolute. */
  readonly from: string;
  readonly jobs: readonly NamedJob[];
  /** So many jobs of this run make a message, at most. */
  readonly perBundle: number;
  /** 1 before all others, 100 after them. */
  readonly priority: number;
  /** So many milliseconds it waits for a Redis that has gone, and for a worker where there is none. */
  readonly waitMs: number;
  readonly interrupted: () => boolean;
  /** Told of the row of a job, once; false if it is none. What it throws ends the run. */
  readonly onRow: (id: string, row: string) => boolean;
  /** Told of a job that will have no row, and why. */
  readonly onBroken: (job: Job, because: string) => void;
  /** Says something to people. */
  readonly tell: (sentence: string) => void;
}

/** How a run ended; 'alone' if there was no Redis or no worker for so long that it gave up. */
export type QueueRunEnd =
  | { readonly ended: 'finished' | 'interrupted' }
  | { readonly ended: 'alone'; readonly because: string };

/** More messages of one run do not lie in Redis at a time. */
const WINDOW = 1024;
/** So many are sent at once. */
const SEND_MAX = 128;
const ATTEMPTS = 3;
/** A bundle is at most such a part of what a worker would have to do if nobody else came. */
const SHARES = 3;
/** Whoever comes later finds work for so many. */
const THREADS_UNKNOWN = 32;
const BACKOFF_MS = 500;

const LOOK_MS = 25;
const BLOCK_MS = 1000;
const HEARTBEAT_MS = 2000;
/** Without a row for so long, it is looked whether anything was lost. */
const QUIET_MS = 3000;

/** One run of a client: jobs into the queue, rows out of it. Whatever Redis forgets is asked for again. */
export class QueueRun {
  readonly #keys: RunKeys;
  readonly #left: Map<string, Job>;
  /** Not sent yet. */
  readonly #unsent: NamedJob[];
  /** Names of jobs by message. */
  readonly #sent = new Map<string, string[]>();
  #after = '0-0';
  #nrSent = 0;
  /** Jobs that all workers do at a time, as far as is known. */
  #nrThreads = THREADS_UNKNOWN;
  #newsAt = performance.now();
  #servedAt = performance.now();
  #trouble: string | null = null;
  #isOver = false;

  private constructor(
    private readonly options: QueueRunOptions,
    private readonly run: string,
    private readonly redis: Redis,
    private readonly reader: Redis,
    private readonly queue: Queue,
  ) {
    this.#keys = runKeys(options.version, run);
    this.#left = new Map(options.jobs.map(({ id, job }) => [id, job]));
    this.#unsent = [...options.jobs];
  }

  /**
   * Has jobs done by whoever works for this Redis. However it ends, nothing of it is left in the queue.
   *
   * @throws VacateError kind 'usage' if BullMQ is not installed.
   */
  static async run(options: QueueRunOptions): Promise<QueueRunEnd> {
    if (options.jobs.length === 0) return { ended: 'finished' };
    const { access, version } = options;
    const bullmq = await load('bullmq', () => import('bullmq'));
    const id = crypto.randomUUID().replaceAll('-', '');
    let tell: (sentence: string) => void = () => {};
    const redis = await connect(access, {
      onLost: (because) => tell(`Redis has gone (${because}); nothing is lost, waiting for it`),
      onBack: () => tell('Redis is back; going on'),
    });
    const reader = await connect(access);
    const queue = new bullmq.Queue(QUEUE_NAME, { prefix: queuePrefix(version), connection: redis });
    queue.on('error', () => {});
    const self = new QueueRun(options, id, redis, reader, queue);
    tell = (sentence) => self.#tell(sentence);
    return self.#run();
  }

  #tell(sentence: string): void {
    if (!this.#isOver) this.options.tell(sentence);
  }

  async #run(): Promise<QueueRunEnd> {
    const failures: unknown[] = [];
    const note = (error: unknown) => {
      if (!this.#isOver) failures.push(error);
    };
    void this.#look().catch(note);
    void this.#take().catch(note);
    try {
      for (;;) {
        if (failures.length > 0) throw failures[0];
        if (this.#left.size === 0) return { ended: 'finished' };
        if (this.options.interrupted()) return { ended: 'interrupted' };
        const because = this.#whyAlone();
        if (because !== null) return { ended: 'alone', because };
        await pause(LOOK_MS);
      }
    } finally {
      this.#isOver = true;
      await this.#leave();
    }
  }

  /** Keeps the queue filled, says that somebody waits, and sees who works and what is lost. */
  async #look(): Promise<void> {
    let heardAt = Number.NEGATIVE_INFINITY;
    while (!this.#isOver) {
      if (performance.now() - heardAt >= HEARTBEAT_MS) {
        await stayAlive(this.redis, this.#keys);
        await this.#seeWhoWorks();
        heardAt = performance.now();
      }
      await this.#send();
      if (performance.now() - this.#newsAt >= QUIET_MS) await this.#findLost();
      await pause(LOOK_MS);
    }
  }

  async #seeWhoWorks(): Promise<void> {
    const { version } = this.options;
    const there = await workersThere(this.redis);
    const ours = there.filter((worker) => worker.version === version);
    if (ours.length > 0) {
      this.#nrThreads = ours.reduce((sum, { jobs }) => sum + jobs, 0);
      this.#servedAt = performance.now();
      this.#trouble = null;
      return;
    }
    const others = [...new Set(there.map((worker) => worker.version))].sort();
    const trouble =
      others.length === 0
        ? `no worker is there; start one with: vacate worker --redis URL (of vacate ${version})`
        : `only workers of vacate ${others.join(', ')} are there, and this is ${version}; start one of this version`;
    if (trouble !== this.#trouble) this.#tell(trouble);
    this.#trouble = trouble;
  }

  /** Why it is of no use to wait any longer; null if it is. */
  #whyAlone(): string | null {
    if (performance.now() - this.#servedAt < this.options.waitMs) return null;
    return this.#trouble ?? 'Redis has gone and did not come back';
  }

  async #send(): Promise<void> {
    while (this.#unsent.length > 0 && this.#sent.size < WINDOW && !this.#isOver) {
      const messages = Array.from({ length: Math.min(SEND_MAX, WINDOW - this.#sent.size) }, () => this.#nextMessage());
      await this.queue.addBulk(messages.filter((message) => message !== null));
    }
  }

  #nextMessage() {
    const { priority, perBundle, from } = this.options;
    // Ever smaller ones, so that all workers end at about the same time, however few jobs there are.
    const share = Math.ceil(this.#unsent.length / (SHARES * this.#nrThreads));
    const taken = this.#unsent.splice(0, Math.min(perBundle, share));
    if (taken.length === 0) return null;
    const id = `${this.run}-${this.#nrSent++}`;
    this.#sent.set(
      id,
      taken.map((each) => each.id),
    );
    const data: Bundle = { run: this.run, from, jobs: taken.map(({ job }) => job) };
    const retries = { attempts: ATTEMPTS, backoff: { type: 'exponential', delay: BACKOFF_MS } };
    return { name: 'bundle', data, opts: { jobId: id, priority, removeOnComplete: true, ...retries } };
  }

  async #take(): Promise<void> {
    while (!this.#isOver) this.#takeRows(await rowsAfter(this.reader, this.#keys, this.#after, BLOCK_MS));
  }

  #takeRows(rows: readonly NewRow[]): void {
    for (const { at, id, row } of rows) {
      if (this.#isOver) return;
      this.#after = at;
      const job = this.#left.get(id);
      if (job === undefined) continue;
      if (!this.options.onRow(id, row)) this.options.onBroken(job, 'what a worker said of it cannot be read');
      this.#left.delete(id);
    }
    if (rows.length === 0) return;
    this.#newsAt = performance.now();
    for (const [message, ids] of this.#sent) if (!ids.some((id) => this.#left.has(id))) this.#sent.delete(message);
    void dropRows(this.redis, this.#keys, rows).catch(() => {});
  }

  /** Looks at every message that should be there: those of which nothing is known any more are sent again. */
  async #findLost(): Promise<void> {
    const sent = [...this.#sent];
    const found = await Promise.all(
      sent.map(async ([id, ids]) => ({ id, ids, message: (await this.queue.getJob(id)) as Message | undefined })),
    );
    const ended: { ids: readonly string[]; because: string | null }[] = [];
    for (const { id, ids, message } of found) {
      const because = message === undefined ? null : await this.#failureOf(message);
      if (message !== undefined && because === null) continue;
      this.#sent.delete(id);
      ended.push({ ids, because });
      if (message !== undefined) await message.remove().catch(() => {});
    }
    if (ended.length > 0) await this.#sendAgain(ended);
    this.#newsAt = performance.now();
  }

  async #failureOf(message: Message): Promise<string | null> {
    return (await message.isFailed()) ? (message.failedReason ?? 'nobody knows why') : null;
  }

  /** What has a row after all is not sent; what took a worker with it again and again comes alone, or not at all. */
  async #sendAgain(ended: readonly { ids: readonly string[]; because: string | null }[]): Promise<void> {
    this.#takeRows(await rowsAfter(this.redis, this.#keys, this.#after, null));
    for (const { ids, because } of ended) {
      const left = ids.filter((id) => this.#left.has(id));
      for (const id of left) {
        const job = this.#left.get(id)!;
        if (because === null || left.length > 1) this.#unsent.push({ id, job });
        else {
          this.#left.delete(id);
          this.options.onBroken(job, `it could not be done: ${because}`);
        }
      }
    }
  }

  /** Takes out what waits, and tells workers that nobody wants the rest. */
  async #leave(): Promise<void> {
    this.reader.disconnect();
    if (this.redis.status === 'ready') {
      const waiting = [...this.#sent.keys()];
      await within(
        LEAVE_MS_MAX,
        (async () => {
          await forget(this.redis, this.#keys);
          await Promise.all(waiting.map((id) => this.queue.remove(id).catch(() => 0)));
        })(),
      );
    }
    await within(LEAVE_MS_MAX, this.queue.close());
    this.redis.disconnect();
  }
}

/** Longer than that nobody wants to wait for a Redis to hear that he has gone. */
const LEAVE_MS_MAX = 2000;

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([
    work.then(
      () => {},
      () => {},
    ),
    late,
  ]);
  clearTimeout(timer);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
