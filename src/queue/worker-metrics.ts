import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { load } from './connection.js';
import type { WorkerWatch } from './queue-worker.js';

/** Upper bounds of how long jobs take, in seconds: a small capture takes a tenth of one, a large comparison minutes. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What operators are told of a worker when they ask, in the names and units of Prometheus. */
export class WorkerMetrics implements WorkerWatch {
  private constructor(
    private readonly registry: Registry,
    private readonly jobs: Counter,
    private readonly seconds: Histogram,
    private readonly active: Gauge,
    private readonly handedBack: Counter,
    private readonly connected: Gauge,
    private readonly bundles: Gauge,
  ) {}

  /** @throws VacateError kind 'usage' if prom-client is not installed. */
  static async create(version: string, nrJobs: number): Promise<WorkerMetrics> {
    const client = await load('prom-client', () => import('prom-client'));
    const registry = new client.Registry();
    const shared = { registers: [registry] };
    client.collectDefaultMetrics({ register: registry });
    const info = { name: 'vacate_worker_info', help: 'Which vacate works here', labelNames: ['version'] };
    new client.Gauge({ ...shared, ...info }).set({ version }, 1);
    new client.Gauge({ ...shared, name: 'vacate_worker_jobs_max', help: 'Jobs that it does at a time' }).set(nrJobs);
    const jobs = { name: 'vacate_jobs_total', help: 'Jobs that were ended, by outcome', labelNames: ['outcome'] };
    const seconds = { name: 'vacate_job_seconds', help: 'How long jobs took', buckets: SECONDS };
    const handedBack = { name: 'vacate_jobs_handed_back_total', help: 'Jobs that a drain gave back' };
    const bundles = { name: 'vacate_queue_bundles', help: 'Messages of this version', labelNames: ['state'] };
    const metrics = new WorkerMetrics(
      registry,
      new client.Counter({ ...shared, ...jobs }),
      new client.Histogram({ ...shared, ...seconds }),
      new client.Gauge({ ...shared, name: 'vacate_jobs_active', help: 'Jobs under way' }),
      new client.Counter({ ...shared, ...handedBack }),
      new client.Gauge({ ...shared, name: 'vacate_redis_connected', help: '1 if Redis is there, else 0' }),
      new client.Gauge({ ...shared, ...bundles }),
    );
    for (const outcome of ['done', 'failed', 'dropped']) metrics.jobs.inc({ outcome }, 0);
    metrics.connected.set(1);
    return metrics;
  }

  onBegun(): void {
    this.active.inc();
  }

  onDone(seconds: number, outcome: string): void {
    this.active.dec();
    this.seconds.observe(seconds);
    this.jobs.inc({ outcome });
  }

  onHandedBack(jobs: number): void {
    this.handedBack.inc(jobs);
  }

  onLost(): void {
    this.connected.set(0);
  }

  onBack(): void {
    this.connected.set(1);
  }

  /** In the text format of Prometheus; `bundles` by state, null if Redis does not say. */
  async text(bundles: Readonly<Record<string, number>> | null): Promise<{ type: string; text: string }> {
    this.bundles.reset();
    for (const [state, nr] of Object.entries(bundles ?? {})) this.bundles.set({ state }, nr);
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }
}
