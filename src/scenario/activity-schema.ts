import { z } from 'zod';
import { duration, fraction, rate, size, wholeNumber } from './leaves.js';

/** What several activities have. */
const pagesPerMs = rate.describe('Pages per millisecond of virtual time.');

const fileChurn = z
  .strictObject({
    kind: z.literal('file-churn').describe('Files are created, written, read, overwritten and deleted.'),
    rate: rate.describe('Files per millisecond that are created, read or overwritten.'),
    size: size.describe('Pages of each file.'),
    files: wholeNumber(1, 2000).describe('Files that are kept; for each new one beyond that a random one is deleted.'),
  })
  .describe('A tree of files that is copied, overwritten and removed; what is written goes to disk at once.');

const fork = z
  .strictObject({
    kind: z.literal('fork').describe('A process forks; its children write what they share with it, and exit.'),
    rate: rate.describe('Forks per millisecond.'),
    size: size.describe('Memory of the process that forks.'),
    write: fraction.default(0.25).describe('How much of it each child writes, and so gets a copy of.'),
    processes: wholeNumber(1, 64).default(4).describe('Children alive at a time; for one more the oldest exits.'),
  })
  .describe('Fork, copy on write and exit, as in a build.');

const touch = z
  .strictObject({
    kind: z.literal('touch').describe('Processes of the workloads go on using their anonymous memory.'),
    rate: pagesPerMs,
    size: size.describe('Their working set: so many pages, chosen at random; fewer if there are no more.'),
    write: fraction.default(0.5).describe('How much of the accesses are writes.'),
  })
  .describe('Reads and writes of memory that is mapped already, which keep it referenced and dirty.');

const directIo = z
  .strictObject({
    kind: z.literal('direct-io').describe('Devices read into the memory of the workloads, and pin it meanwhile.'),
    rate: rate.describe('Pages pinned per millisecond.'),
    size: size.describe('The buffers: so many mapped pages, chosen at random; fewer if there are no more.'),
    hold: duration.describe('How long each pin lasts.'),
  })
  .describe('Direct I/O: pins of short length (get_user_pages).');

const jumboFrames = z
  .strictObject({
    kind: z.literal('jumbo-frames').describe('Packets arrive, and each takes a block of kernel memory.'),
    rate: rate.describe('Packets per millisecond.'),
    order: wholeNumber(0, 10).default(2).describe('log2 of the pages of a packet: 2 for an MTU of 9000 bytes.'),
    hold: duration.describe('How long until the packet is consumed.'),
  })
  .describe('Atomic allocations of kernel memory that live for a moment.');

const cacheReads = z
  .strictObject({
    kind: z.literal('cache-reads').describe('Files are read, of which the page cache keeps what it can.'),
    rate: pagesPerMs,
    size: size.describe('Pages of the files.'),
    files: wholeNumber(1, 2000).default(1).describe('Files of equal size.'),
  })
  .describe('Reads of files that nobody writes.');

const growth = z
  .strictObject({
    kind: z.literal('growth').describe('A process writes new memory until it has enough, exits, and begins again.'),
    rate: pagesPerMs,
    size: size.describe('How far it grows.'),
    huge: z
      .boolean('true or false')
      .default(false)
      .describe('True if it asks for transparent huge pages, and takes base pages only where there are none.'),
  })
  .describe('A process whose memory grows and goes.');

export const activity = z.discriminatedUnion(
  'kind',
  [fileChurn, fork, touch, directIo, jumboFrames, cacheReads, growth],
  'an activity',
);

/** An activity as a scenario states it; sizes are in pages, durations in nanoseconds. */
export type StatedActivity = z.infer<typeof activity>;
export type ActivityKind = StatedActivity['kind'];
export type StatedActivityOf<Kind extends ActivityKind> = Extract<StatedActivity, { kind: Kind }>;

/** Keys that an activity of each kind may have. */
export const ACTIVITY_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  activity.options.map(({ shape }) => [shape.kind.value, Object.keys(shape)]),
);
