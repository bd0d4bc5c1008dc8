import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import { parseBlockList } from '../../../src/scenario/block-list.js';
import { jobsOf } from '../../../src/scenario/jobs.js';
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { complaints, SMALL } from './sketch.js';

const withJobs = (...jobs: string[]) => `${SMALL}jobs: [${jobs.map((job) => `{ ${job} }`).join(', ')}]`;
const withActivity = (activity: string) => `${SMALL}activities: [{ ${activity} }]`;

function jobs(...stated: string[]): ReturnType<typeof jobsOf> {
  const scenario = parseScenario(withJobs(...stated), 'test.yaml');
  return jobsOf(scenario, machineFromScenario(scenario));
}

describe('jobsOf', () => {
  it('resolves DIMMs, nodes and numbers to blocks', () => {
    expect(jobs('kind: offline, dimm: slow', 'kind: offline, node: far', 'kind: offline, blocks: "8,1-3"')).toEqual([
      { kind: 'offline', blocks: [4, 5], what: 'slow' },
      { kind: 'offline', blocks: [10, 11], what: 'node far' },
      { kind: 'offline', blocks: [1, 2, 3, 8], what: 'blocks 8,1-3' },
    ]);
  });

  it('leaves out blocks that are off line, and says if none is left', () => {
    const scenario = parseScenario(withJobs('kind: offline, dimm: slow'), 'test.yaml');
    const machine = machineFromScenario(scenario);
    machine.blockState[4] = BLOCK_OFFLINE;
    expect(jobsOf(scenario, machine)).toMatchObject([{ blocks: [5] }]);
    machine.blockState[5] = BLOCK_OFFLINE;
    expect(() => jobsOf(scenario, machine)).toThrow(new VacateError('range', 'small: slow is off line already'));
  });

  it('has counts, and times in nanoseconds', () => {
    expect(
      jobs(
        'kind: high-order, order: 9, count: 64',
        'kind: high-order, order: 3, count: all',
        'kind: requests, order: 2, requests: 200, every: 1ms, hold: 5ms',
        'kind: requests, order: 0, requests: 1, every: 50us, hold: forever, wait: true',
      ),
    ).toEqual([
      { kind: 'high-order', order: 9, count: 64 },
      { kind: 'high-order', order: 3, count: 'all' },
      { kind: 'requests', order: 2, requests: 200, everyNs: 1_000_000, holdNs: 5_000_000, wait: false },
      { kind: 'requests', order: 0, requests: 1, everyNs: 50_000, holdNs: Number.POSITIVE_INFINITY, wait: true },
    ]);
  });
});

describe('parseBlockList', () => {
  it.each([
    ['3', [3]],
    ['32-35', [32, 33, 34, 35]],
    ['8, 10-12,9,8', [8, 9, 10, 11, 12]],
  ])('%s', (text, blocks) => {
    expect(parseBlockList(text)).toEqual(blocks);
  });

  it.each(['', '5-3', 'a', '1,', '-1', '1-2-3', '1.5'])('%j is none', (text) => {
    expect(parseBlockList(text)).toBeNull();
  });
});

/** A scenario, and all that is said about it. */
const WRONG: readonly (readonly [what: string, text: string, complaint: string])[] = [
  [
    'a kind of job misspelt',
    withJobs('kind: ofline, dimm: slow'),
    'jobs[0].kind is "ofline", not a kind of job; did you mean "offline"?',
  ],
  ['a job without kind', withJobs('dimm: slow'), 'jobs[0].kind is missing; it must be high-order, offline, requests'],
  ['a job that is a word', `${SMALL}jobs: [offline]`, 'jobs[0] is "offline", not a job'],
  [
    'a key of a job misspelt',
    withJobs('kind: offline, dim: slow'),
    'jobs[0].dim is not a known key; did you mean "dimm"?',
  ],
  [
    'a count that is none',
    withJobs('kind: high-order, order: 9, count: some'),
    'jobs[0].count is "some", not a whole number from 1 to 1000000, or all',
  ],
  [
    'an order too high',
    withJobs('kind: high-order, order: 11, count: 1'),
    'jobs[0].order is 11, not a whole number from 0 to 10',
  ],
  [
    'requests that never come',
    withJobs('kind: requests, order: 1, requests: 5, every: forever, hold: 1ms'),
    'jobs[0].every is "forever", not a duration such as "100us", "5ms" or "2s"',
  ],
  [
    'requests without a pause',
    withJobs('kind: requests, order: 1, requests: 5, every: 0ms, hold: 1ms'),
    'jobs[0].every is "0ms", not a duration such as "100us", "5ms" or "2s"',
  ],
  [
    'nothing to take off line',
    withJobs('kind: offline'),
    'jobs[0] does not say what goes off line; give exactly one of dimm, blocks and node',
  ],
  [
    'two things to take off line',
    withJobs('kind: offline, dimm: slow, node: far'),
    'jobs[0] says it by dimm and node; give exactly one of dimm, blocks and node',
  ],
  ['a DIMM misspelt', withJobs('kind: offline, dimm: slwo'), 'jobs[0].dimm is "slwo", no DIMM; did you mean "slow"?'],
  ['a node for a DIMM', withJobs('kind: offline, dimm: far'), 'jobs[0].dimm is "far", no DIMM; known are slow, fast'],
  ['a DIMM for a node', withJobs('kind: offline, node: slow'), 'jobs[0].node is "slow", no node; known are node0, far'],
  [
    'a machine without DIMMs',
    'name: a\nnodes: [{ boot: 1GiB }]\njobs: [{ kind: offline, dimm: x }]',
    'jobs[0].dimm is "x", no DIMM; there is none',
  ],
  [
    'blocks that are none',
    withJobs('kind: offline, blocks: 5-3'),
    'jobs[0].blocks is "5-3", not memory blocks such as "32-35" or "8,10-12"',
  ],
  [
    'blocks beyond the end',
    withJobs('kind: offline, blocks: 10-12'),
    'jobs[0].blocks names block 12; the machine has 0 to 11',
  ],
  [
    'a kind of activity misspelt',
    withActivity('kind: forks, rate: 1'),
    'activities[0].kind is "forks", not a kind of activity; did you mean "fork"?',
  ],
  [
    'a key of another activity',
    withActivity('kind: touch, rate: 1, size: 1MiB, hold: 1ms'),
    'activities[0].hold is not a known key; known are kind, rate, size, write',
  ],
  [
    'a rate of nothing',
    withActivity('kind: touch, rate: 0, size: 1MiB'),
    'activities[0].rate is 0, not a number above 0, up to 100000',
  ],
  [
    'a process larger than memory',
    withActivity('kind: growth, rate: 1, size: 1GiB'),
    'activities[0].size is 1 GiB, but the machine has 48 MiB; make it 48 MiB at most',
  ],
  [
    'files larger than the disk',
    withActivity('kind: file-churn, rate: 1, size: 1MiB, files: 64'),
    'activities[0] keeps 64 MiB of files, but the machine has 48 MiB; make it 48 MiB at most',
  ],
];

describe('jobs and activities that are wrong', () => {
  it.each(WRONG)('%s', (_what, text, complaint) => {
    expect(complaints(text)).toEqual([`test.yaml: ${complaint}`]);
  });
});
