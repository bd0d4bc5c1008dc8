import type { FileColumn } from '../report/table-files.js';
import type { HostReason, HostResult, HostRow } from './host-row.js';
import { isFailed } from './host-row.js';

type Column = FileColumn<HostResult>;

/** Columns of the table of hosts; all but the first three are unknown of a host that failed. */
export const HOST_COLUMNS: readonly Column[] = [
  { name: 'host', type: 'text', of: ({ host }) => host },
  { name: 'capture', type: 'text', of: ({ where }) => where },
  { name: 'failed', type: 'text', of: (result) => (isFailed(result) ? result.because : null) },
  text('kernel', ({ kernel }) => kernel),
  whole('bytes', ({ bytes }) => bytes),
  whole('bytesFree', ({ bytesFree }) => bytesFree),
  whole('blockBytes', ({ blockBytes }) => blockBytes),
  whole('blocksOnline', ({ blocksOnline }) => blocksOnline),
  whole('blocksWillGo', ({ blocksWillGo }) => blocksWillGo),
  whole('blocksWillNotGo', ({ blocksWillNotGo }) => blocksWillNotGo),
  whole('blocksCannotKnow', ({ blocksCannotKnow }) => blocksCannotKnow),
  whole('bytesWillGo', ({ bytesWillGo }) => bytesWillGo),
  whole('oneWayDoors', ({ oneWayDoors }) => oneWayDoors.length),
  text('oneWayDoorBlocks', ({ oneWayDoors }) => oneWayDoors.join(' ')),
  whole('places2M', ({ hugePages2M }) => hugePages2M.places),
  whole('stuck2M', ({ hugePages2M }) => hugePages2M.stuck),
  whole('free2M', ({ hugePages2M }) => hugePages2M.free),
  whole('places1G', ({ hugePages1G }) => hugePages1G.places),
  whole('stuck1G', ({ hugePages1G }) => hugePages1G.stuck),
  whole('free1G', ({ hugePages1G }) => hugePages1G.free),
  whole('needBytes', ({ need }) => need?.askedBytes ?? null),
  { name: 'needEnough', type: 'truth', of: (result) => (isFailed(result) ? null : (result.need?.enough ?? null)) },
  whole('needBytesHad', ({ need }) => need?.bytes ?? null),
  whole('needBytesToMove', ({ need }) => need?.bytesToMove ?? null),
  text('needBlocks', ({ need }) => need?.blocks.join(' ') ?? null),
  text('caveats', ({ caveats }) => caveats.join(' ')),
];

/** A reason of one host. */
export interface HostReasonRow extends HostReason {
  readonly host: string;
  readonly where: string;
}

export const REASON_COLUMNS: ReadonlyArray<FileColumn<HostReasonRow>> = [
  { name: 'host', type: 'text', of: ({ host }) => host },
  { name: 'capture', type: 'text', of: ({ where }) => where },
  { name: 'reason', type: 'text', of: ({ reason }) => reason },
  { name: 'kind', type: 'text', of: ({ kind }) => kind },
  { name: 'pages', type: 'whole', of: ({ pages }) => pages },
  { name: 'blocks', type: 'whole', of: ({ blocks }) => blocks },
];

export function reasonRows(results: readonly HostResult[]): HostReasonRow[] {
  return results.flatMap((result) =>
    isFailed(result) ? [] : result.reasons.map((reason) => ({ host: result.host, where: result.where, ...reason })),
  );
}

function whole(name: string, of: (row: HostRow) => number | null): Column {
  return { name, type: 'whole', of: (result) => (isFailed(result) ? null : of(result)) };
}

function text(name: string, of: (row: HostRow) => string | null): Column {
  return { name, type: 'text', of: (result) => (isFailed(result) ? null : of(result)) };
}
