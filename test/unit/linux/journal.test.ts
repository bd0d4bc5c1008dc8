import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { identityOf } from '../../../src/linux/hotplug/process-identity.js';
import { Journal, readJournal } from '../../../src/linux/journal/journal.js';
import type { JournalRecord } from '../../../src/linux/journal/journal-record.js';
import { runsIn } from '../../../src/linux/journal/journal-runs.js';
import { BOOT, RUN } from './run-kit.js';

const folder = mkdtempSync(join(tmpdir(), 'vacate-journal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let nrJournals = 0;
const newPath = () => join(folder, `${++nrJournals}`, 'journal');

const SELF = { pid: 4711, startTicks: 99 };
const BEGIN: JournalRecord = { kind: 'begin', run: RUN, command: 'offline', boot: BOOT, process: SELF };
const write = (nr: number, block: number, word = 'offline'): JournalRecord => ({
  kind: 'write',
  run: RUN,
  nr,
  path: `/sys/devices/system/memory/memory${block}/state`,
  word,
  block,
  before: { state: word === 'offline' ? 'online' : 'offline', zone: 'Movable' },
  writer: { pid: 4712, startTicks: 100 },
});
const wrote = (nr: number, error: string | null = null): JournalRecord => ({ kind: 'wrote', run: RUN, nr, error });
const textOf = (...records: JournalRecord[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** A journal with this text in it. */
function fileWith(text: string): string {
  const path = newPath();
  mkdirSync(join(path, '..'), { mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

describe('runs', () => {
  it('know what they took, what they could not, and what they had not heard of', () => {
    const text = textOf(BEGIN, write(1, 35), wrote(1), write(2, 34), wrote(2, 'EBUSY'), write(3, 33));
    expect(runsIn(text)).toEqual([
      {
        run: RUN,
        command: 'offline',
        boot: BOOT,
        process: SELF,
        outcome: null,
        nrWrites: 3,
        blocks: [
          { block: 35, zone: 'Movable', offline: 'yes' },
          { block: 34, zone: 'Movable', offline: 'no' },
          { block: 33, zone: 'Movable', offline: 'maybe' },
        ],
        writers: [{ pid: 4712, startTicks: 100 }],
      },
    ]);
  });

  it('know what they have brought back', () => {
    const back = runsIn(textOf(BEGIN, write(1, 35), wrote(1), write(2, 35, 'online_movable'), wrote(2)));
    expect(back?.[0]?.blocks).toEqual([{ block: 35, zone: 'Movable', offline: 'no' }]);
  });

  it('may end with a line that was cut short anywhere', () => {
    const whole = textOf(BEGIN, write(1, 35));
    const last = textOf(wrote(1));
    for (let cut = 0; cut < last.length; cut++) {
      const text = whole + last.slice(0, cut);
      expect(runsIn(text)?.[0]?.blocks).toEqual([{ block: 35, zone: 'Movable', offline: 'maybe' }]);
    }
  });

  it('are none of ours if a line in the middle makes no sense', () => {
    expect(runsIn(`${textOf(BEGIN)}rubbish\n${textOf(wrote(1))}`)).toBeNull();
    expect(runsIn('rubbish\n')).toBeNull();
    expect(runsIn(textOf(wrote(1)))).toBeNull();
    expect(runsIn(textOf(BEGIN, BEGIN))).toBeNull();
    expect(runsIn(textOf(BEGIN, { kind: 'end', run: RUN, outcome: 'done' }, write(1, 3)))).toBeNull();
  });

  it('are read or refused, whatever a journal holds', () => {
    const values = fc.oneof(fc.anything(), fc.constantFrom(RUN, 'offline', 'online', BOOT, SELF, 35, null, -1, 1e300));
    const keys = [
      'kind',
      'run',
      'command',
      'boot',
      'process',
      'nr',
      'path',
      'word',
      'block',
      'before',
      'writer',
      'error',
    ];
    const kinds = fc.constantFrom('begin', 'write', 'wrote', 'end', 'torn', 'else');
    const records = fc
      .dictionary(fc.constantFrom(...keys), values)
      .chain((fields) => kinds.map((kind) => ({ ...fields, kind })));
    const lines = fc.oneof(
      records.map((record) => JSON.stringify(record, (_key, value) => (typeof value === 'bigint' ? 1 : value))),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 4 }), (text) => {
        for (const run of runsIn(`${textOf(BEGIN)}${text.join('\n')}`) ?? [])
          for (const { block, zone } of run.blocks) {
            expect(Number.isInteger(block)).toBe(true);
            expect(zone === null || /^\w+$/.test(zone)).toBe(true);
          }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a journal', () => {
  it('is made with its folder, for root alone, and has what was appended', () => {
    const path = newPath();
    const journal = new Journal(path);
    for (const record of [BEGIN, write(1, 35)]) journal.append(record);
    expect(readFileSync(path, 'utf8')).toBe(textOf(BEGIN, write(1, 35)));
    journal.close();
    const again = new Journal(path);
    expect(again.unfinished).toMatchObject([{ run: RUN }]);
    again.append({ kind: 'end', run: RUN, outcome: 'recovered' });
    again.close();
    expect(readJournal(path)).toMatchObject([{ run: RUN, outcome: 'recovered' }]);
  });

  it('goes on behind a line that was cut short', () => {
    const path = fileWith(`${textOf(BEGIN, write(1, 35))}{"kind":"wro`);
    const journal = new Journal(path);
    expect(journal.unfinished).toMatchObject([{ blocks: [{ block: 35, offline: 'maybe' }] }]);
    journal.append({ kind: 'end', run: RUN, outcome: 'recovered' });
    journal.close();
    expect(readJournal(path)).toMatchObject([{ run: RUN, outcome: 'recovered' }]);
  });

  it("is nobody's to write but ours", () => {
    const path = fileWith(textOf(BEGIN));
    chmodSync(path, 0o666);
    expect(() => new Journal(path)).toThrow('others may write to it');
    const link = fileWith('');
    rmSync(link);
    symlinkSync(path, link);
    expect(() => new Journal(link)).toThrow('(ELOOP)');
    expect(() => readJournal(folder)).toThrow('is not a plain file');
  });

  it('that is foreign is refused, and stays as it is', () => {
    const path = fileWith('# my diary\n');
    expect(() => new Journal(path)).toThrow('is damaged, or not a journal');
    expect(() => readJournal(path)).toThrow('is damaged, or not a journal');
    expect(readFileSync(path, 'utf8')).toBe('# my diary\n');
    expect(readdirSync(join(path, '..'))).toEqual(['journal']);
  });

  it('that is not there has no runs, and reading makes none', () => {
    const path = newPath();
    expect(readJournal(path)).toEqual([]);
    expect(() => readdirSync(join(path, '..'))).toThrow('ENOENT');
  });
});

describe('the lock', () => {
  const lockOf = (path: string, { pid, startTicks }: { pid: number; startTicks: number }) =>
    `${path}.lock.${pid}-${startTicks}`;

  it('of a process that lives keeps others away', () => {
    const path = newPath();
    const journal = new Journal(path);
    const other = identityOf(process.ppid)!;
    writeFileSync(lockOf(path, other), '');
    expect(() => new Journal(path)).toThrow(`another run (process ${other.pid}) is at work`);
    expect(readdirSync(join(path, '..')).filter((name) => name.includes(`-${other.startTicks}`))).toHaveLength(1);
    journal.close();
  });

  it.each([
    ['is gone', { pid: 2 ** 22 + 1, startTicks: 5 }],
    ['had the number of one that lives', { pid: process.ppid, startTicks: 1 }],
  ])('of a process that %s is taken away', (_what, dead) => {
    const path = fileWith('');
    writeFileSync(lockOf(path, dead), '');
    const journal = new Journal(path);
    const own = identityOf(process.pid)!;
    expect(readdirSync(join(path, '..')).sort()).toEqual(['journal', `journal.lock.${own.pid}-${own.startTicks}`]);
    journal.close();
    expect(readdirSync(join(path, '..'))).toEqual(['journal']);
  });
});
