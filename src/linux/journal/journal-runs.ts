import type { BlockId } from '../../mm/units.js';
import type { ProcessIdentity } from '../hotplug/process-identity.js';
import { type JournalRecord, parseRecord } from './journal-record.js';

/** What a journal knows of a block that a run wrote to. */
export interface JournaledBlock {
  readonly block: BlockId;
  /** The zone that it had; null if the kernel did not say. */
  readonly zone: string | null;
  /** `maybe`: the run ended before it could tell. */
  readonly offline: 'yes' | 'maybe' | 'no';
}

/** A run as its lines tell it. */
export interface JournaledRun {
  readonly run: string;
  readonly command: string;
  readonly boot: string | null;
  readonly process: ProcessIdentity;
  /** Null if it was killed. */
  readonly outcome: string | null;
  /** Blocks that were online before it, in the order in which it took them. */
  readonly blocks: readonly JournaledBlock[];
  /** Who may still be at a write that nobody waits for any more. */
  readonly writers: readonly ProcessIdentity[];
  /** Writes so far; the next has this number plus one. */
  readonly nrWrites: number;
}

interface OpenWrite {
  readonly block: BlockId | null;
  readonly word: string;
  readonly writer: ProcessIdentity | null;
}

/** A run while its lines are read. */
interface Folding extends Omit<JournaledRun, 'blocks' | 'writers' | 'outcome' | 'nrWrites'> {
  outcome: string | null;
  nrWrites: number;
  readonly byBlock: Map<BlockId, JournaledBlock>;
  readonly open: Map<number, OpenWrite>;
}

/**
 * The runs of a journal, oldest first; null if it is not a journal of ours. A line that was cut short when its writer
 * died is no fault: the kernel had not heard of what it was to say, or what it said can be seen in sysfs.
 */
export function runsIn(text: string): JournaledRun[] | null {
  const lines = text.split('\n');
  // What stands behind the last line's end is nothing, or a line cut short.
  lines.pop();
  const records = lines.map(parseRecord);
  const runs = new Map<string, Folding>();
  for (const [at, record] of records.entries()) {
    if (record === null && records[at + 1]?.kind === 'torn') continue;
    if (record === null || !fold(runs, record)) return null;
  }
  return [...runs.values()].map(({ byBlock, open, ...run }) => ({
    ...run,
    blocks: [...byBlock.values()],
    writers: [...open.values()].flatMap(({ writer }) => (writer === null ? [] : [writer])),
  }));
}

/** False if the record cannot stand where it does. */
function fold(runs: Map<string, Folding>, record: JournalRecord): boolean {
  if (record.kind === 'torn') return true;
  const run = runs.get(record.run);
  if (record.kind === 'begin') {
    const { run: id, command, boot, process } = record;
    if (run !== undefined) return false;
    runs.set(id, { run: id, command, boot, process, outcome: null, nrWrites: 0, byBlock: new Map(), open: new Map() });
    return true;
  }
  if (run === undefined || run.outcome !== null) return false;
  if (record.kind === 'end') run.outcome = record.outcome;
  else if (record.kind === 'write') foldWrite(run, record);
  else foldWrote(run, record);
  return true;
}

function foldWrite(run: Folding, { nr, block, word, before, writer }: JournalRecord & { kind: 'write' }): void {
  run.nrWrites = Math.max(run.nrWrites, nr);
  run.open.set(nr, { block, word, writer });
  if (block === null || word !== 'offline' || before?.state !== 'online') return;
  run.byBlock.set(block, { block, zone: before.zone, offline: 'maybe' });
}

function foldWrote(run: Folding, { nr, error }: JournalRecord & { kind: 'wrote' }): void {
  const write = run.open.get(nr);
  run.open.delete(nr);
  const known = run.byBlock.get(write?.block ?? -1);
  if (write === undefined || known === undefined) return;
  const went = error === null;
  if (write.word === 'offline') run.byBlock.set(known.block, { ...known, offline: went ? 'yes' : 'no' });
  else if (went) run.byBlock.set(known.block, { ...known, offline: 'no' });
}
