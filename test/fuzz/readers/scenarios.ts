import { expect } from '@jest/globals';
import { parse } from 'yaml';
import {
  jobsOf,
  machineFromScenario,
  parseScenario,
  type Scenario,
  startActivities,
} from '../../../src/scenario/index.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { bytesOf, endingOf, type Reader } from '../reader.js';

/* Scenario files. Those that are taken, and are small, are built and lived in for a millisecond. */

const SMALL_PAGES = 2 ** 14;
const NS = 1e6;
const RATE_MAX = 100;

const SMALL = `
name: small
blockSize: 2MiB
dma32: 4MiB
cpus: 2
seed: 7
contents: token
swap: 2MiB
nodes:
  - boot: 16MiB
    dimms:
      - { name: dimm0, size: 4MiB, zone: kernel }
      - { name: dimm1, size: 8MiB, zone: movable }
watermarks: { min: 64 pages, low: 80 pages, high: 96 pages }
workloads:
  - { kind: anonymous, size: 1MiB, processes: 3, sharedByFork: 0.25, keep: 0.5, pattern: runs }
  - { kind: files, size: 1MiB, files: 3, mapped: 0.5, dirty: 0.25, buffers: 0.1, keepFiles: 0.5 }
  - { kind: shmem, size: 64KiB, on: dimm1 }
  - { kind: swapped, size: 256KiB, readBack: 0.5 }
  - { kind: slab, size: 128KiB, reclaimable: 0.5, order: 1 }
  - { kind: reserved, pages: 16 }
  - { kind: pins, pages: 3, for: 5ms }
jobs:
  - { kind: high-order, order: 9, count: all }
  - { kind: offline, dimm: dimm1 }
  - { kind: requests, order: 2, requests: 100, every: 100us, hold: 5ms }
activities:
  - { kind: touch, rate: 20, size: 64KiB }
  - { kind: fork, rate: 0.5, size: 64KiB }
`;

const OTHERS = `
name: others   # two nodes, and every other kind
blockSize: 4MiB
dma32: 2MiB
contents: bytes
nodes:
  - name: left
    boot: 16MiB
  - name: right
    boot: 8MiB
    dimms: [{ name: m, size: 4MiB, zone: movable }]
swap: 1MiB
workloads:
  - { kind: mlocked, size: 16KiB }
  - { kind: scattered, size: 1MiB, processes: 1, files: 2, cached: 0.5, kernel: 0.9 }
  - { kind: zsmalloc, size: 64KiB }
  - { kind: balloon, size: 16KiB, on: m }
  - { kind: hugepages, count: 1 }
  - { kind: hugetlb, count: 1 }
  - { kind: nonlinear, size: 16 pages }
  - { kind: files, size: 256KiB, dirty: 1 }
  - { kind: locks, pages: 2, for: forever }
  - { kind: writeback, pages: 2 }
jobs:
  - { kind: offline, blocks: "0-1,3" }
  - { kind: offline, node: right }
activities:
  - { kind: file-churn, rate: 2, size: 3 pages, files: 5 }
  - { kind: direct-io, rate: 3, size: 8 pages, hold: 50us }
  - { kind: jumbo-frames, rate: 4, order: 2, hold: 1ms }
  - { kind: cache-reads, rate: 9, size: 1MiB, files: 4 }
  - { kind: growth, rate: 9, size: 128KiB, huge: false }
`;

function livesIn(scenario: Scenario): void {
  const machine = machineFromScenario(scenario);
  expect(validateMachine(machine)).toEqual([]);
  jobsOf(scenario, machine);
  // What is asked for a hundred thousand times a millisecond takes minutes, and rightly so.
  if (scenario.activities.some(({ rate }) => rate > RATE_MAX)) return;
  const activities = startActivities(scenario, machine, 1);
  activities.run(NS);
  activities.stop();
  expect(activities.wrong).toBe(0);
  expect(validateMachine(machine)).toEqual([]);
}

/** Pages that its nodes have; what is as it should be has no negative or broken sizes. */
function pagesOf({ nodes }: Scenario): number {
  let pages = 0;
  for (const { boot, dimms } of nodes) {
    pages += boot;
    for (const { size } of dimms) pages += size;
  }
  expect(Number.isSafeInteger(pages)).toBe(true);
  return pages;
}

const scenarios: Reader = {
  name: 'scenario',
  about: 'scenario files: YAML, its schema, what keys mean together, the machine, its jobs and activities',
  seeds: () => [SMALL, OTHERS].map(bytesOf),
  parse: (text) => parse(text),
  words: [
    'kind',
    'name',
    'size',
    '512MiB',
    '1 page',
    '5ms',
    'forever',
    '&a',
    '*a',
    '<<: *a',
    '---',
    '...',
    '!!set',
    '? ',
  ],
  cost: 3,
  read: async (input) => {
    const scenario = parseScenario(input.toString('utf8'), 'some.yaml');
    // What it wants may still find no room, which it says.
    if (pagesOf(scenario) <= SMALL_PAGES) await endingOf(() => livesIn(scenario));
  },
};

export const scenarioReaders: readonly Reader[] = [scenarios];
