import { journalLine, parseJournal } from '../../../src/compare/journal.js';
import { cellOf } from './sketch.js';

const cells = ['a', 'b', 'c'].map((strategy) =>
  cellOf({ strategy, machine: 'with "quotes"\nand lines' }, { success: 0.5 }),
);
const text = cells.map(journalLine).join('');

describe('a journal', () => {
  it('reads back what was written, a line each', () => {
    expect(text.split('\n')).toHaveLength(4);
    expect(parseJournal(text)).toEqual({ cells, text });
    expect(parseJournal('')).toEqual({ cells: [], text: '' });
  });

  it('drops a torn last line, wherever it is torn', () => {
    const whole = cells.slice(0, 2).map(journalLine).join('');
    for (let end = whole.length; end < text.length; end++)
      expect(parseJournal(text.slice(0, end))).toEqual({ cells: cells.slice(0, 2), text: whole });
  });

  it('trusts nothing that follows a line it cannot read', () => {
    expect(parseJournal(`${journalLine(cells[0]!)}{"machine":\n${journalLine(cells[1]!)}`).cells).toEqual([cells[0]]);
    expect(parseJournal('null\n').cells).toEqual([]);
    expect(parseJournal('{"a": 1}\n').cells).toEqual([]);
  });
});
