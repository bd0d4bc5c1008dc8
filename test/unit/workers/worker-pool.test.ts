import { WorkerPool } from '../../../src/workers/worker-pool.js';

interface Task {
  readonly count: number;
  readonly dies?: boolean;
  readonly fails?: boolean;
  readonly forever?: boolean;
}

const PATIENCE_MS = 300_000;

describe('a worker pool', () => {
  const pools: WorkerPool<Task, number>[] = [];
  const poolOf = (nrWorkers: number, silenceMsMax = PATIENCE_MS) => {
    const pool = new WorkerPool<Task, number>(new URL('./doubling.mjs', import.meta.url), nrWorkers, silenceMsMax);
    pools.push(pool);
    return pool;
  };
  const messagesOf = async (pool: WorkerPool<Task, number>, task: Task) => {
    const messages: number[] = [];
    await pool.run(task, (message) => messages.push(message));
    return messages;
  };
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.stop()));
  });

  it(
    'delivers every message before a task is done, and none of another task',
    async () => {
      const pool = poolOf(2);
      const counts = [0, 1, 1000, 3, 20_000, 5];
      const all = await Promise.all(counts.map((count) => messagesOf(pool, { count })));
      expect(all).toEqual(counts.map((count) => Array.from({ length: count }, (_, at) => (at + 1) * 2)));
    },
    PATIENCE_MS,
  );

  it(
    'passes on what a worker throws, and goes on',
    async () => {
      const pool = poolOf(1);
      await expect(messagesOf(pool, { count: 3, fails: true })).rejects.toThrow('failed after 3');
      expect(await messagesOf(pool, { count: 2 })).toEqual([2, 4]);
    },
    PATIENCE_MS,
  );

  it(
    'tells of a worker that died, and replaces it',
    async () => {
      const pool = poolOf(1);
      await expect(messagesOf(pool, { count: 1, dies: true })).rejects.toThrow('with exit code 3');
      expect(await messagesOf(pool, { count: 1 })).toEqual([2]);
    },
    PATIENCE_MS,
  );

  it(
    'ends a worker of which nothing is heard, after what it had to say, and goes on',
    async () => {
      const pool = poolOf(1, 1500);
      const messages: number[] = [];
      await expect(pool.run({ count: 3, forever: true }, (message) => messages.push(message))).rejects.toThrow(
        'nothing was heard of it for 1.5 s, so it was ended',
      );
      expect(messages).toEqual([2, 4, 6]);
      expect(await messagesOf(pool, { count: 1 })).toEqual([2]);
    },
    PATIENCE_MS,
  );

  it(
    'stops in the middle of a computation that never ends',
    async () => {
      const pool = poolOf(1);
      const messages: number[] = [];
      const begun = new Promise<void>((resolve) => {
        pool
          .run({ count: 1, forever: true }, (message) => {
            messages.push(message);
            resolve();
          })
          .catch(() => {});
      });
      await begun;
      await pool.stop();
      expect(messages).toEqual([2]);
    },
    PATIENCE_MS,
  );
});
