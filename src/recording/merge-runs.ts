import type { PfnRange } from '../mm/pfn-range.js';
import { runsOf } from './block-book.js';
import {
  CHUNK_BLOCKS,
  CHUNK_COUNTERS,
  CHUNK_END,
  CHUNK_HEADER,
  CHUNK_PAGES,
  type Chunk,
  type ChunkKind,
} from './chunk.js';
import { type NodePlace, NodeRun, shiftedMachine } from './node-run.js';
import { hashOfPages } from './page-hash.js';
import { PatchWriter } from './patch.js';
import type { BlocksSnapshot, CountersSnapshot, RecordingEnd, RecordingHeader } from './records.js';

/** A node of a machine, and what it recorded of its part of a run. */
export interface RecordedNode extends NodePlace {
  readonly nrPfns: number;
  /** BLOCK_* by block of the node. */
  readonly blockState: readonly number[];
  /** As `KeptRecording` gives it; null for a node of which nothing is known: it is shown without memory. */
  readonly bytes: Uint8Array | null;
}

export interface MergedRun {
  /** What only the whole run knows; the machine's zones and DIMMs come from the nodes. */
  readonly header: RecordingHeader;
  readonly outcome: string;
  readonly ranges: readonly PfnRange[];
}

/** Pages of a chunk. */
const PIECE_PAGES = 65_536;

/**
 * The runs of all nodes of a machine as one: each step when it was by its node's own time, and those of the same time in
 * the order of nodes. So it is the same however many nodes worked at a time.
 *
 * @throws VacateError kind 'recording' for what no recorder wrote.
 */
export function* mergeRuns(nodes: readonly RecordedNode[], { header, outcome, ranges }: MergedRun): Generator<Chunk> {
  const pages = new Uint8Array(header.machine.nrPfns);
  const runs = nodes.map((node) => {
    const own = pages.subarray(node.firstPfn, node.firstPfn + node.nrPfns);
    return node.bytes === null ? null : new NodeRun(node.bytes, node, own);
  });
  const known = runs.filter((run) => run !== null);
  yield jsonChunk(CHUNK_HEADER, wholeHeader(header, nodes, runs));
  yield* pagesChunks(pages);
  const blocks = () => jsonChunk(CHUNK_BLOCKS, blocksOf(header, nodes, runs));
  yield blocks();
  for (;;) {
    const run = nextOf(known);
    if (run === null) break;
    const { ms } = run;
    const { chunks, isCount, isBlocks } = run.step();
    yield* chunks;
    if (isBlocks) yield blocks();
    if (isCount) yield jsonChunk(CHUNK_COUNTERS, countersOf(known, ms));
  }
  const end: RecordingEnd = {
    ms: Math.max(0, ...known.map(({ ms }) => ms)),
    outcome,
    hash: hashOfPages(pages),
    pagesMigrated: known.reduce((sum, { pagesMigrated }) => sum + pagesMigrated, 0),
    ranges,
  };
  yield jsonChunk(CHUNK_END, end);
}

/** The node that is least far, the first of those that are as far. */
function nextOf(runs: readonly NodeRun[]): NodeRun | null {
  let next: NodeRun | null = null;
  for (const run of runs) if (!run.isOver && (next === null || run.ms < next.ms)) next = run;
  return next;
}

function wholeHeader(
  header: RecordingHeader,
  nodes: readonly RecordedNode[],
  runs: readonly (NodeRun | null)[],
): RecordingHeader {
  const parts = runs.flatMap((run, at) => (run === null ? [] : [shiftedMachine(run.header.machine, nodes[at]!)]));
  const first = runs.find((run) => run !== null)?.header;
  const machine = {
    ...header.machine,
    kernel: first?.machine.kernel ?? null,
    zones: parts.flatMap(({ zones }) => zones),
    dimms: parts.flatMap(({ dimms }) => dimms),
  };
  return { ...header, machine, outcomes: first?.outcomes ?? [] };
}

function* pagesChunks(pages: Uint8Array): Generator<Chunk> {
  const chunks: Chunk[] = [];
  const writer = new PatchWriter((payload) => chunks.push({ kind: CHUNK_PAGES, payload }));
  for (let start = 0; start < pages.length; start += PIECE_PAGES) {
    writer.add(start, pages.subarray(start, start + PIECE_PAGES));
    yield* chunks.splice(0);
  }
  writer.flush();
  yield* chunks;
}

function blocksOf(
  { machine }: RecordingHeader,
  nodes: readonly RecordedNode[],
  runs: readonly (NodeRun | null)[],
): BlocksSnapshot {
  const { nrPfns, blockPages, pageblockPages } = machine;
  const states = new Uint8Array(Math.ceil(nrPfns / blockPages));
  const types = new Uint8Array(Math.ceil(nrPfns / pageblockPages));
  for (const [at, { firstBlock, firstPfn, blockState }] of nodes.entries()) {
    const book = runs[at]?.blocks;
    states.set(book?.states ?? blockState, firstBlock);
    types.set(book?.migratetypes ?? [], firstPfn / pageblockPages);
  }
  return { migratetypes: runsOf(types), states: runsOf(states) };
}

/** Sums over what each node counted last. */
function countersOf(runs: readonly NodeRun[], ms: number): CountersSnapshot {
  const counted = runs.flatMap(({ counters }) => (counters === null ? [] : [counters]));
  const sum = (of: 'migrated' | 'refused' | 'retried' | 'events' | 'freeOrder9' | 'freePages') =>
    counted.reduce((all, counters) => all + counters[of], 0);
  const refusals: Record<string, number> = {};
  for (const counters of counted)
    for (const [reason, pages] of Object.entries(counters.refusals)) refusals[reason] = (refusals[reason] ?? 0) + pages;
  return {
    ms,
    migrated: sum('migrated'),
    refused: sum('refused'),
    retried: sum('retried'),
    events: sum('events'),
    freeOrder9: sum('freeOrder9'),
    freePages: sum('freePages'),
    refusals,
  };
}

function jsonChunk(kind: ChunkKind, value: unknown): Chunk {
  return { kind, payload: new TextEncoder().encode(JSON.stringify(value)) };
}
