import { type Job, jobId } from '../../../src/workers/job.js';

const JOB: Job = {
  machine: { kind: 'capture', name: 'host7', where: 'captures/host7', fingerprint: 'ab' },
  command: 'fleet-forecast',
  options: { need: 1, plugins: [] },
  seed: null,
  vacate: '0.1.0',
};

describe('the name of a job', () => {
  it('is the same for the same job, however its keys are ordered', () => {
    const turned = Object.fromEntries(Object.entries(JOB).reverse()) as unknown as Job;
    expect(jobId({ ...turned, options: { plugins: [], need: 1 } })).toBe(jobId(JOB));
    expect(jobId(JOB)).toMatch(/^[\da-f]{32}$/);
  });

  it.each<[string, Partial<Job>]>([
    ['another seed', { seed: 0 }],
    ['another command', { command: 'compare' }],
    ['other options', { options: { need: 2, plugins: [] } }],
    ['a list in another order', { options: { need: 1, plugins: ['a'] } }],
    ['another machine', { machine: { kind: 'scenario', where: 'a.yaml', text: '' } }],
    ['another version', { vacate: '0.2.0' }],
  ])('is another for %s', (_what, change) => {
    expect(jobId({ ...JOB, ...change })).not.toBe(jobId(JOB));
  });
});
