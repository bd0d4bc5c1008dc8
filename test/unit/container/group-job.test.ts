import type { CompareTask } from '../../../src/compare/task.js';
import { brokenGroup, cellsOfJob, groupJob, taskOfJob, withCells } from '../../../src/container/group-job.js';
import { type Job, jobId } from '../../../src/workers/job.js';

const CELLS = ['merged', 'booking'].map((strategy) => ({ machine: 'small', job: 'requests', strategy, seed: 7 }));
const REQUESTS = { order: 9, requests: 3, everyNs: 1e6, holdNs: Number.POSITIVE_INFINITY, wait: true };
const TASK: CompareTask = {
  source: { kind: 'scenario', where: 'small.yaml', text: 'nodes: []' },
  group: { machine: 'small', seed: 7, cells: CELLS },
  jobs: [{ name: 'requests', job: { kind: 'requests', ...REQUESTS } as never, strategies: ['merged', 'booking'] }],
  labels: { highOrder: ['merged'], offline: [], reclaim: [] },
  plugins: [],
  strategyModules: ['./mine.js'],
};
const MACHINE = { kind: 'scenario', where: 'small.yaml', text: 'nodes: []' } as const;
/** As it comes out of a queue. */
const sent = (job: Job): Job => JSON.parse(JSON.stringify(job));

describe('a group of cells as a job', () => {
  const job = groupJob(TASK, MACHINE, '0.1.0');

  it('is the same task where it arrives, what is kept for ever among it', () => {
    expect(taskOfJob(sent(job), '')).toEqual(TASK);
    expect(jobId(sent(job))).toBe(jobId(job));
  });

  it('can be done from some cell on, and says of each why it could not', () => {
    const rest = withCells(job, CELLS.slice(1));
    expect(taskOfJob(sent(rest), '').group.cells).toEqual(cellsOfJob(rest));
    const { id, cells } = brokenGroup('a', rest, 'it broke');
    expect([id, cells.map(({ strategy, because }) => [strategy, because])]).toEqual(['a', [['booking', 'it broke']]]);
  });
});
