import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FolderForm, ResultsFolder } from '../../../src/cli/engine/results-folder.js';

interface Asked {
  readonly about: string;
}

/** A run whose rows are words, one a line; "torn" and what follows counts for nothing. */
const FORM: FolderForm<Asked, string> = {
  record: 'asked.json',
  journal: 'words.txt',
  results: [],
  isRecord: (value): value is Asked => typeof value === 'object',
  differenceBetween: () => null,
  line: (word) => `${word}\n`,
  parse: (text) => {
    const rows = text.split('\n').slice(0, -1);
    const at = rows.indexOf('torn');
    const whole = at < 0 ? rows : rows.slice(0, at);
    return { rows: whole, text: whole.map((word) => `${word}\n`).join('') };
  },
};
const ASKED = { about: 'words' };

let folder: string;
const place = (name: string) => join(folder, name);
const resume = () => ResultsFolder.open(folder, FORM, ASKED, { resume: true });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-results-'));
  const begun = ResultsFolder.open(folder, FORM, ASKED, {});
  for (const word of ['ärger', 'ruhe']) begun.add(word);
  begun.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the folder of a run that is resumed', () => {
  it('has the rows that are whole, and goes on after them', () => {
    appendFileSync(place('words.txt'), 'torn\nlost\n');
    const again = resume();
    expect(again.finished).toEqual(['ärger', 'ruhe']);
    again.add('mehr');
    again.close();
    expect(readFileSync(place('words.txt'), 'utf8')).toBe('ärger\nruhe\nmehr\n');
  });

  it('drops bytes that are no text without dropping a row', () => {
    appendFileSync(place('words.txt'), Buffer.from([0xff, 0xc3]));
    const again = resume();
    again.close();
    expect(readFileSync(place('words.txt'), 'utf8')).toBe('ärger\nruhe\n');
  });

  it.each(['words.txt', 'asked.json'])('is refused at once if its %s is no file', (name) => {
    const made = [
      () => execFileSync('mkfifo', [place(name)]),
      () => symlinkSync('/dev/zero', place(name)),
      () => mkdirSync(place(name)),
    ];
    for (const make of made) {
      rmSync(place(name), { recursive: true });
      make();
      expect(() => resume()).toThrow(`${place(name)} is no file`);
    }
  });

  it('has a record that can be read', () => {
    writeFileSync(place('asked.json'), '{');
    expect(() => resume()).toThrow('asked.json cannot be read as JSON; begin anew with --force');
  });
});
