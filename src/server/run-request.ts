import { z } from 'zod';
import { printable, quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** No name of a block, a DIMM or a strategy is longer. */
const TEXT_MAX = 4096;
const ORDER_MAX = 28;
const MESSAGE_MAX = 200;

const text = z.string().min(1).max(TEXT_MAX);
const common = {
  strategy: text.optional(),
  /** The run waits, its pages shown, until it is told to go. */
  hold: z.boolean().optional(),
};

const schema = z.discriminatedUnion('frontEnd', [
  z.strictObject({
    frontEnd: z.literal('offline'),
    ...common,
    blocks: text.optional(),
    dimm: text.optional(),
    range: text.optional(),
  }),
  z.strictObject({
    frontEnd: z.literal('high-order'),
    ...common,
    order: z.int().min(1).max(ORDER_MAX),
    count: z.union([z.int().min(1), z.literal('all')]),
  }),
]);

/** What a page asks for; which memory that is, the machine knows. */
export type RunRequest = z.infer<typeof schema>;

/**
 * A request for a run, as it came.
 *
 * @throws VacateError kind 'usage' if it has not the form of one.
 */
export function readRunRequest(body: unknown): RunRequest {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? 'the request' : quoted(issue.path.join('.'));
  throw new VacateError(
    'usage',
    `${place} cannot be understood (${printable((issue?.message ?? 'it is empty').slice(0, MESSAGE_MAX))}); ` +
      'send { frontEnd: "offline", blocks, dimm or range } or { frontEnd: "high-order", order, count }',
  );
}
