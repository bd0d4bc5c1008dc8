import { z } from 'zod';
import { activity } from './activity-schema.js';
import { job } from './job-schema.js';
import { size, sizeAtLeast, text, wholeNumber } from './leaves.js';
import { workload } from './workload-schema.js';

/*
 * What a scenario file may say, key by key. What no key can tell alone (does it fit? is there such a DIMM?) is in
 * check-scenario.ts.
 */

/** Every node needs a CPU. */
const CPUS_MAX = 64;
/** As many as the largest servers have slots on a node, many times. */
const DIMMS_MAX = 256;
/** What they want is held against every DIMM. */
const ITEMS_MAX = 256;

const dimm = z
  .strictObject(
    {
      name: text('a name').describe('How commands call the DIMM: --dimm dimm1.'),
      size: size.describe('Its memory, a whole number of memory blocks.'),
      zone: z
        .enum(['kernel', 'movable'], 'kernel or movable')
        .describe(
          'What its blocks are onlined as: movable takes only pages that can move, so the DIMM can go again; ' +
            'kernel (zone Normal) takes everything.',
        ),
    },
    'a DIMM with name, size and zone',
  )
  .describe('A module of memory that was plugged in after boot.');

const node = z
  .strictObject(
    {
      name: text('a name').optional().describe('How workloads call it in `on`; node0, node1 and so on by default.'),
      boot: sizeAtLeast(0)
        .prefault('0 pages')
        .describe('Memory that was there at boot: zone DMA32 below `dma32` (in node 0 only), zone Normal above.'),
      dimms: z
        .array(dimm, 'a list of DIMMs')
        .max(DIMMS_MAX, `a list of at most ${DIMMS_MAX} DIMMs`)
        .default([])
        .describe('DIMMs of the node; in memory they follow its boot memory, kernel ones first.'),
    },
    'a node with boot memory and DIMMs',
  )
  .describe('A NUMA node.');

const watermarks = z
  .strictObject(
    {
      min: size.describe('What only emergencies may touch (vm.min_free_kbytes), shared out among the kernel zones.'),
      low: size.optional().describe('Below it allocations reclaim; a quarter above min by default.'),
      high: size.optional().describe('At it reclaim stops; half above min by default.'),
    },
    'an object with min, low and high',
  )
  .describe('How much of the kernel zones stays free; by default as the kernel derives it from their size.');

export const scenarioSchema = z
  .strictObject(
    {
      name: text('a name').describe('What reports call the machine.'),
      seed: wholeNumber(0, 2 ** 32 - 1)
        .default(1)
        .describe('Seed of everything that chance decides; the same seed gives the same machine.'),
      cpus: wholeNumber(1, CPUS_MAX)
        .optional()
        .describe('CPUs, dealt to the nodes in turn; 2, or one a node, by default.'),
      contents: z
        .enum(['bytes', 'token', 'mark'], 'bytes, token or mark')
        .optional()
        .describe(
          'What a page holds: 4 KiB of bytes (default up to 64 MiB of memory), a 64-bit token for them, or a mark of 32 bits.',
        ),
      blockSize: size
        .prefault('128MiB')
        .describe('Memory block, the unit of going offline: a power of two, at least 2MiB; Linux has 128MiB to 2GiB.'),
      dma32: size
        .prefault('4GiB')
        .describe(
          'Where zone DMA32 ends in the boot memory of node 0; set it lower to give a small machine both zones.',
        ),
      nodes: z
        .array(node, 'a list of nodes')
        .min(1, 'a list of at least one node')
        .max(CPUS_MAX, `a list of at most ${CPUS_MAX} nodes`)
        .describe('NUMA nodes; usually one.'),
      watermarks: watermarks.optional(),
      compactUnevictableAllowed: z
        .boolean('true or false')
        .optional()
        .describe(
          'May compaction move mlocked pages (vm.compact_unevictable_allowed)? Yes by default. Offlining moves them in any case.',
        ),
      swap: sizeAtLeast(0).prefault('0 pages').describe('Size of the swap device; none by default.'),
      workloads: z
        .array(workload, 'a list of workloads')
        .max(ITEMS_MAX, `a list of at most ${ITEMS_MAX} workloads`)
        .default([])
        .describe(
          'What fills the machine. Reserved pages come first and pins, locks and writebacks last, wherever they stand.',
        ),
      jobs: z
        .array(job, 'a list of jobs')
        .max(ITEMS_MAX, `a list of at most ${ITEMS_MAX} jobs`)
        .default([])
        .describe('What is to be done on the machine; comparisons run each.'),
      activities: z
        .array(activity, 'a list of activities')
        .max(ITEMS_MAX, `a list of at most ${ITEMS_MAX} activities`)
        .default([])
        .describe('What other tasks do while a job runs, in virtual time.'),
    },
    'an object with name, nodes and workloads',
  )
  .describe('A simulated machine: its memory, and what fills it.');

/**
 * A scenario as parsed; sizes are in pages, durations in nanoseconds, and defaults are filled in.
 *
 * @example
 * const { name, seed }: Scenario = parseScenario('{ name: mine, nodes: [{ boot: 128MiB }] }', 'mine.yaml');
 * [name, seed]; // ["mine",1]
 */
export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioNode = Scenario['nodes'][number];

/** Keys of every object of a scenario but workloads, by the last key on the way to it. */
export const KEYS: Readonly<Record<'' | 'nodes' | 'dimms' | 'watermarks', readonly string[]>> = {
  '': Object.keys(scenarioSchema.shape),
  nodes: Object.keys(node.shape),
  dimms: Object.keys(dimm.shape),
  watermarks: Object.keys(watermarks.shape),
};
