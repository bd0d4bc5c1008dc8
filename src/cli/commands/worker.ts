import { availableParallelism, hostname } from 'node:os';
import { VacateError } from '../../base/vacate-error.js';
import { loadStrategies } from '../../container/load-plugins.js';
import { checkRedis } from '../../queue/connection.js';
import { startMetricsServer } from '../../queue/metrics-server.js';
import { QueueWorker } from '../../queue/queue-worker.js';
import { shownAddress } from '../../queue/redis-url.js';
import { WorkerMetrics } from '../../queue/worker-metrics.js';
import { type Context } from '../context.js';
import { EXIT_DONE, EXIT_INTERRUPTED } from '../exit-codes.js';
import { loadPageTypes } from '../page-types.js';
import { JobPool } from '../queue/job-pool.js';
import type { RedisChoice } from '../queue/queue-options.js';
import { redisAccess } from '../queue/redis-access.js';
import { WorkerLog } from '../queue/worker-log.js';
import { version } from '../version.js';

export interface WorkerCommand extends RedisChoice {
  readonly redis: string;
  /** At a time; all cores without it. */
  readonly jobs?: number;
  /** Milliseconds. */
  readonly takeover: number;
  readonly metricsPort?: number;
  readonly listen?: string;
  readonly plugin: readonly string[];
  readonly strategyModule: readonly string[];
  readonly json?: boolean;
}

/** So long Redis has to say how many messages there are. */
const COUNT_MS_MAX = 1000;
const LOOPBACK = '127.0.0.1';

/** `vacate worker`: does jobs of clients elsewhere until it is told to end. */
export async function worker(context: Context, options: WorkerCommand): Promise<number> {
  const { jobs = availableParallelism(), takeover, plugin, strategyModule, metricsPort, listen } = options;
  if (listen !== undefined && metricsPort === undefined)
    throw new VacateError(
      'usage',
      '--listen says where metrics are asked for, but not at which port; add --metrics-port',
    );
  const access = redisAccess(options);
  await Promise.all([loadPageTypes(options), loadStrategies(strategyModule)]);
  await checkRedis(access);
  const log = new WorkerLog(context, options.json === true);
  const metrics = metricsPort === undefined ? null : await WorkerMetrics.create(version(), jobs);
  const pool = new JobPool(jobs, [...plugin, ...strategyModule]);
  const announcement = { version: version(), host: hostname(), pid: process.pid, jobs };
  const watch = metrics === null ? log : log.and(metrics);
  const queueWorker = await QueueWorker.start({ access, announcement, doJob: pool.doJob, takeOverMs: takeover, watch });
  try {
    const host = listen ?? LOOPBACK;
    const server =
      metrics === null
        ? null
        : await startMetricsServer({
            ...{ host, port: metricsPort! },
            metrics: async () => metrics.text(await queueWorker.waiting(COUNT_MS_MAX)),
            health: () => healthOf(queueWorker, log),
          });
    log.ready({ redis: shownAddress(access.address), version: version(), jobs, host, port: server?.port ?? null });
    await interruption(context.interrupts.signal);
    log.draining();
    await queueWorker.drain();
    server?.close();
    log.ended();
    return context.interrupts.wasTerminated ? EXIT_DONE : EXIT_INTERRUPTED;
  } finally {
    queueWorker.stop();
    await pool.stop();
  }
}

function healthOf(worker: QueueWorker, log: WorkerLog) {
  const isWell = worker.isConnected && !worker.isDraining;
  const status = worker.isDraining ? 'draining' : worker.isConnected ? 'ok' : 'without Redis';
  return { isWell, facts: { status, version: version(), ...log.counts } };
}

function interruption(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
