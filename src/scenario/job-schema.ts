import { z } from 'zod';
import { duration, span, text, wholeNumber } from './leaves.js';

const order = wholeNumber(0, 10);

const highOrder = z
  .strictObject({
    kind: z.literal('high-order').describe('Make free blocks of an order.'),
    order: order.describe('log2 of the pages of a block; 9 is 2 MiB.'),
    count: z
      .union([wholeNumber(1, 1_000_000), z.literal('all')], 'a whole number from 1 to 1000000, or all')
      .describe('How many more than there are; "all" that can be made.'),
  })
  .describe('Free blocks of an order, made by moving or reclaiming pages.');

const offline = z
  .strictObject({
    kind: z.literal('offline').describe('Take memory off line: exactly one of dimm, blocks and node says which.'),
    dimm: text('the name of a DIMM').optional().describe('A DIMM, all of it.'),
    blocks: text('memory blocks such as "32-35" or "8,10-12"')
      .optional()
      .describe('Memory blocks by number: "32-35", "8,10-12".'),
    node: text('the name of a node').optional().describe('A node, all of its memory.'),
  })
  .describe('Memory that is to go off line, all of it or none.');

const requests = z
  .strictObject({
    kind: z.literal('requests').describe('Allocations of an order that arrive while other tasks run.'),
    order: order.describe('log2 of the pages that each of them wants.'),
    requests: wholeNumber(1, 100_000).describe('How many.'),
    every: span.describe('Time from one to the next.'),
    hold: duration.describe('How long each keeps what it was given: "5ms", "forever".'),
    wait: z
      .boolean('true or false')
      .default(false)
      .describe(
        'True if the requester may wait until memory is made; else it is atomic: served at once or not at all.',
      ),
  })
  .describe('A load of allocation requests: what counts is how many of them are served.');

export const job = z.discriminatedUnion('kind', [highOrder, offline, requests], 'a job');

/** A job as a scenario states it; durations are in nanoseconds. */
export type StatedJob = z.infer<typeof job>;
export type StatedOffline = Extract<StatedJob, { kind: 'offline' }>;

/** Keys that a job of each kind may have. */
export const JOB_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  job.options.map(({ shape }) => [shape.kind.value, Object.keys(shape)]),
);
