import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFolder, RunFolder } from '../../../src/cli/compare/compare-folder.js';
import { cellOf, recordOf } from '../compare/sketch.js';

const root = mkdtempSync(join(tmpdir(), 'vacate-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let nr = 0;
const fresh = () => join(root, `out-${nr++}`);
const cells = ['a', 'b'].map((strategy) => cellOf({ strategy }));

/** A folder with a run of two cells. */
function finishedRun(): string {
  const path = fresh();
  const folder = RunFolder.open(path, recordOf(), {});
  for (const cell of cells) folder.add(cell);
  folder.writeResults(recordOf(), cells, []);
  folder.close();
  return path;
}

describe('a folder of results', () => {
  it('is made, and keeps each cell as soon as it is added', () => {
    const path = join(fresh(), 'deeper');
    const folder = RunFolder.open(path, recordOf(), {});
    folder.add(cells[0]!);
    expect(readFileSync(join(path, 'cells.jsonl'), 'utf8')).toBe(`${JSON.stringify(cells[0])}\n`);
    expect(JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'))).toEqual(recordOf());
    folder.close();
  });

  it('is not overwritten unless one says so', () => {
    const path = finishedRun();
    expect(() => checkFolder(path, {})).toThrow(
      /holds results already \(run\.json, cells\.jsonl, .+\); go on with them by --resume, overwrite them by --force/,
    );
    expect(() => checkFolder(path, { force: true })).not.toThrow();
    expect(() => checkFolder(path, { resume: true })).not.toThrow();
    expect(() => checkFolder(path, { force: true, resume: true })).toThrow('keep one of them');
  });

  it('keeps what is not ours, and loses the old results, when overwritten', () => {
    const path = finishedRun();
    writeFileSync(join(path, 'notes.txt'), 'mine');
    expect(() => checkFolder(fresh(), {})).not.toThrow();
    const folder = RunFolder.open(path, recordOf(), { force: true });
    expect(folder.finished).toEqual([]);
    folder.close();
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
    expect(readFileSync(join(path, 'cells.jsonl'), 'utf8')).toBe('');
    expect(existsSync(join(path, 'report.html'))).toBe(false);
  });

  it('goes on from finished cells; a torn line is cut off, so that what follows can be read', () => {
    const path = finishedRun();
    appendFileSync(join(path, 'cells.jsonl'), '{"machine":"m","job');
    const folder = RunFolder.open(path, recordOf(), { resume: true });
    expect(folder.finished).toEqual(cells);
    const third = cellOf({ strategy: 'b', seed: 2 });
    folder.add(third);
    folder.close();
    const again = RunFolder.open(path, recordOf(), { resume: true });
    expect(again.finished).toEqual([...cells, third]);
    again.close();
  });

  it('goes on with a job that has no end, which JSON cannot say', () => {
    const job = {
      kind: 'requests',
      order: 2,
      requests: 5,
      everyNs: 1,
      holdNs: Number.POSITIVE_INFINITY,
      wait: true,
    } as const;
    const record = recordOf({ jobs: [{ name: 'j', job, strategies: ['a'] }] });
    const path = fresh();
    RunFolder.open(path, record, {}).close();
    expect(() => RunFolder.open(path, record, { resume: true }).close()).not.toThrow();
  });

  it('refuses to go on with another run, and says what differs', () => {
    const path = finishedRun();
    expect(() => RunFolder.open(path, recordOf({ seeds: [1, 2] }), { resume: true })).toThrow(
      `${path} holds another run and cannot be resumed: it has seeds 1, 2, 3, with 3 as well on m; ask the same, or begin anew with --force`,
    );
    expect(readFileSync(join(path, 'cells.jsonl'), 'utf8').split('\n')).toHaveLength(3);
  });

  it('refuses to go on with nothing, or with what it cannot read', () => {
    const path = fresh();
    expect(() => checkFolder(path, { resume: true })).toThrow('has no run.json, so there is no run to go on with');
    const broken = finishedRun();
    writeFileSync(join(broken, 'run.json'), '{');
    expect(() => RunFolder.open(broken, recordOf(), { resume: true })).toThrow('cannot be read as JSON');
  });

  it('is no file', () => {
    const path = fresh();
    writeFileSync(path, '');
    expect(() => checkFolder(path, {})).toThrow(`--out ${path} is a file; name a folder`);
    expect(() => checkFolder(join(path, 'below'), {})).toThrow('cannot be used (ENOTDIR)');
  });
});
