import { formatBlocks, parseBlocks } from '../../../src/cli/parse-blocks.js';

describe('parseBlocks', () => {
  it.each([
    ['32', [32]],
    ['32-35,40', [32, 33, 34, 35, 40]],
    ['0-1', [0, 1]],
    ['7-7', [7]],
    ['40,32-33', [32, 33, 40]],
    ['32-34,33-35,32', [32, 33, 34, 35]],
    ['007', [7]],
  ])('reads %s', (text, blocks) => {
    expect(parseBlocks(text)).toEqual(blocks);
  });

  it.each([
    ['', 'has an empty part in ""'],
    [',', 'has an empty part in ","'],
    ['32,', 'has an empty part in "32,"'],
    ['32,,33', 'has an empty part in "32,,33"'],
    ['abc', 'cannot read "abc"'],
    ['32-', 'cannot read "32-"'],
    ['-32', 'cannot read "-32"'],
    ['32-35-40', 'cannot read "32-35-40"'],
    ['32 33', 'cannot read "32 33"'],
    ['32, 33', 'cannot read " 33"'],
    ['0x20', 'cannot read "0x20"'],
    ['1.5', 'cannot read "1.5"'],
    ['1e3', 'cannot read "1e3"'],
    ['memory32', 'cannot read "memory32"'],
    ['35-32', 'has "35-32", which runs backwards; write 32-35'],
    ['1,99999999999', 'names block 99999999999'],
    ['0-99999999999', 'names block 99999999999'],
  ])('refuses "%s" and names the part that is wrong', (text, says) => {
    expect(() => parseBlocks(text)).toThrow(`--blocks ${says}`);
    expect(() => parseBlocks(text)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

describe('formatBlocks', () => {
  it.each([
    [[], ''],
    [[5], '5'],
    [[32, 33, 34, 40], '32-34,40'],
    [[1, 3, 5, 6], '1,3,5-6'],
  ])('writes %j as "%s"', (blocks, text) => {
    expect(formatBlocks(blocks)).toBe(text);
  });

  it('is the inverse of parseBlocks', () => {
    for (const text of ['0', '0-3', '1,3,5-9,100']) expect(formatBlocks(parseBlocks(text))).toBe(text);
  });
});
