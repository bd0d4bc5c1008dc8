import type { Shards } from '../../container/open-shards.js';
import { PAGEBLOCK_PAGES } from '../../mm/units.js';
import { mergeRuns } from '../../recording/merge-runs.js';
import type { Context } from '../context.js';
import { version } from '../version.js';
import { NodesPicture } from './nodes-picture.js';
import { RecordFile } from './record-file.js';

/** What is to be written down of a job on several nodes, and where. */
export interface NodesWish {
  /** The file; absent if nobody wants one. */
  readonly path: string | undefined;
  /** True if somebody wants to see it afterwards. */
  readonly isDrawn: boolean;
  readonly machine: string;
  readonly seed: number;
}

/** Ends the recordings of all nodes, writes them down as one run of one machine, and has it to draw. */
export async function writeNodes(
  context: Context,
  shards: Shards,
  { path, isDrawn, machine, seed }: NodesWish,
  { outcome, strategy }: { readonly outcome: string; readonly strategy: string | null },
): Promise<NodesPicture | null> {
  if (path === undefined && !isDrawn) return null;
  const nodes = await shards.recorded(outcome);
  const { blockPages } = shards.nodes[0]!.facts;
  const last = nodes.at(-1)!;
  const whole = {
    ...{ name: machine, source: 'scenario' as const, kernel: null, zones: [], dimms: [] },
    ...{ nrPfns: last.firstPfn + last.nrPfns, blockPages, pageblockPages: PAGEBLOCK_PAGES },
  };
  const header = { command: process.argv.slice(2), machine: whole, seed, strategy, outcomes: [], by: version() };
  const file = path === undefined ? null : new RecordFile(path);
  const picture = isDrawn ? new NodesPicture() : null;
  for (const chunk of mergeRuns(nodes, { header, outcome, ranges: [] })) {
    picture?.feed(chunk);
    file?.sink(chunk);
    await file?.drained();
  }
  const because = (await file?.close()) ?? null;
  if (because !== null) context.note(because);
  return picture;
}
