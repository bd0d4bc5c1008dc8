import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { RunFolder } from '../../../src/cli/compare/compare-folder.js';
import { compareText } from '../../../src/cli/compare/compare-text.js';
import { fleetText } from '../../../src/cli/fleet/fleet-text.js';
import { parseHosts } from '../../../src/cli/fleet/parse-hosts.js';
import { createPalette } from '../../../src/cli/palette.js';
import { type Cell, idOf } from '../../../src/compare/cell.js';
import { journalLine, parseJournal } from '../../../src/compare/journal.js';
import { METRIC_IDS, type Metrics } from '../../../src/compare/metrics.js';
import { cellsOf } from '../../../src/compare/plan.js';
import type { RunRecord } from '../../../src/compare/run-record.js';
import { summarise } from '../../../src/compare/summary.js';
import { fleetReport } from '../../../src/fleet/fleet-report.js';
import { readJournal } from '../../../src/linux/journal/journal.js';
import type { JournalRecord } from '../../../src/linux/journal/journal-record.js';
import { runsIn } from '../../../src/linux/journal/journal-runs.js';
import { hostOf, needing } from '../../unit/fleet/sketch.js';
import { bytesOf, type Reader } from '../reader.js';
import { scratch } from '../scratch.js';

/* What runs of ours have written down, and somebody may have written to since. */

const RECORD: RunRecord = {
  format: 1,
  vacate: '0.1.0',
  plugins: [],
  strategyModules: ['./mine.js'],
  machines: [
    {
      name: 'small',
      source: 'scenario',
      where: 'small.yaml',
      sha256: '0'.repeat(64),
      caveats: [],
      seeds: [1, 2],
      jobs: [
        { name: '512 x order 9', job: { kind: 'high-order', order: 9, count: 512 }, strategies: ['merged', 'booking'] },
        { name: 'dimm1 offline', job: { kind: 'offline', blocks: [3, 4], what: 'dimm1' }, strategies: ['merged'] },
      ],
    },
  ],
};

const METRICS = Object.fromEntries(METRIC_IDS.map((id, at) => [id, at % 3 === 0 ? null : at])) as Metrics;
const CELLS: readonly Cell[] = cellsOf(RECORD.machines).map((key, at) => ({
  ...key,
  ended: at === 0 ? 'error' : 'partial',
  because: at === 0 ? 'it broke' : null,
  metrics: at === 0 ? null : METRICS,
  refusals: at === 0 ? [] : [{ reason: 'core/pinned', pages: at }],
  stateHash: at === 0 ? null : 'a1b2',
}));
const JOURNAL = CELLS.map(journalLine).join('');

/** Lines of JSON as one tree, so that they can be spoilt as one, and lines again. */
const lines = (text: string): unknown =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const perLine = (input: Buffer): string => {
  const text = input.toString('utf8');
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) ? values.map((value) => `${JSON.stringify(value)}\n`).join('') : text;
  } catch {
    return text;
  }
};

/** All that becomes of finished cells. */
function reported(cells: readonly Cell[]): string {
  const known = new Set(CELLS.map(idOf));
  const tables = summarise(
    RECORD.machines,
    cells.filter((cell) => known.has(idOf(cell))),
  );
  return compareText(tables, createPalette(false));
}

const cells: Reader = {
  name: 'compare-journal',
  about: 'cells.jsonl of a comparison that goes on (--resume)',
  seeds: () => [bytesOf(JOURNAL)],
  parse: lines,
  read: (input) => {
    const text = perLine(input);
    const journal = parseJournal(text);
    expect(text.startsWith(journal.text)).toBe(true);
    expect(parseJournal(journal.text)).toEqual(journal);
    return reported(journal.cells);
  },
};

let folder: string | null = null;

/** A run's folder with two files of ours, one of them perhaps spoilt. */
function resumed(files: Readonly<Record<string, string | Buffer>>): string {
  folder ??= scratch();
  for (const [name, text] of Object.entries({ 'run.json': JSON.stringify(RECORD), 'cells.jsonl': JOURNAL, ...files }))
    writeFileSync(join(folder, name), text);
  const run = RunFolder.open(folder, RECORD, { resume: true });
  try {
    const text = reported(run.finished);
    run.writeResults(RECORD, run.finished, summarise(RECORD.machines, run.finished));
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).not.toMatch(/<script>polluted/);
    return text;
  } finally {
    run.close();
  }
}

const folders: Reader = {
  name: 'compare-folder',
  about: 'the folder of a comparison that goes on: what its results are made of again',
  seeds: () => [bytesOf(JOURNAL)],
  parse: lines,
  words: ['<script>polluted</script>', '"><script>polluted'],
  cost: 15,
  read: (input) => resumed({ 'cells.jsonl': perLine(input) }),
};

const HOSTS = [
  { id: '01', row: hostOf('a', { oneWayDoors: [3], ...needing(2 ** 30, 7) }) },
  { id: '02', row: { host: 'b', where: 'b', because: 'torn' } },
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

const hosts: Reader = {
  name: 'fleet-journal',
  about: 'hosts.jsonl of a fleet forecast that goes on (--resume)',
  seeds: () => [bytesOf(HOSTS)],
  parse: lines,
  read: (input) => {
    const text = perLine(input);
    const journal = parseHosts(text);
    expect(text.startsWith(journal.text)).toBe(true);
    expect(parseHosts(journal.text)).toEqual(journal);
    return fleetText(fleetReport(journal.rows.map(({ row }) => row)), createPalette(false));
  },
};

const runs: Reader = {
  name: 'compare-run',
  about: 'run.json of a comparison that goes on',
  seeds: () => [bytesOf(JSON.stringify(RECORD))],
  parse: JSON.parse,
  cost: 15,
  read: (input) => resumed({ 'run.json': input }),
};

const RUN = '2026-11-23T00:00:00.000Z-1';
const SELF = { pid: 4711, startTicks: 99 };
const LINES: readonly JournalRecord[] = [
  { kind: 'begin', run: RUN, command: 'offline', boot: '01234567-89ab-cdef-0123-456789abcdef', process: SELF },
  {
    kind: 'write',
    run: RUN,
    nr: 1,
    path: '/sys/devices/system/memory/memory35/state',
    word: 'offline',
    block: 35,
    before: { state: 'online', zone: 'Movable' },
    writer: { pid: 4712, startTicks: 100 },
  },
  { kind: 'wrote', run: RUN, nr: 1, error: null },
  { kind: 'torn' },
  { kind: 'end', run: RUN, outcome: 'recovered' },
];
const WRITES = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');

const writes: Reader = {
  name: 'write-journal',
  about: 'the journal of writes to sysfs, which `vacate recover` believes',
  seeds: () => [bytesOf(WRITES), bytesOf(WRITES.split('\n').slice(0, 3).join('\n'))],
  parse: lines,
  read: (input) => {
    const found = runsIn(perLine(input)) ?? [];
    for (const { run, command, blocks, writers, nrWrites } of found) {
      expect(`${run} ${command}`).toMatch(/^[\w.: -]+$/);
      expect(Number.isSafeInteger(nrWrites)).toBe(true);
      for (const { block, zone } of blocks) {
        expect(Number.isSafeInteger(block)).toBe(true);
        expect(zone === null || /^[\w-]+$/.test(zone)).toBe(true);
      }
      // Nobody is ended for what a journal says of process 0 or 1.
      for (const { pid } of writers) expect(pid).toBeGreaterThan(1);
    }
    return JSON.stringify(found);
  },
};

const journalFiles: Reader = {
  name: 'write-journal-file',
  about: 'the same as a file',
  seeds: () => [bytesOf(WRITES)],
  cost: 2,
  read: (input) => {
    folder ??= scratch();
    const path = join(folder, 'journal');
    writeFileSync(path, input, { mode: 0o600 });
    expect(readJournal(path)).toEqual(runsIn(input.toString('utf8')));
  },
};

export const recordReaders: readonly Reader[] = [cells, folders, hosts, runs, writes, journalFiles];
