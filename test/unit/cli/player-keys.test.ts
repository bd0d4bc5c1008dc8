import { keysOf } from '../../../src/cli/replay/player-keys.js';

describe('keys of a terminal', () => {
  it.each([
    ['', []],
    ['q', ['q']],
    ['..,', ['.', '.', ',']],
    ['\u001b', ['\u001b']],
    ['.\u001b[6~\u001b[C', ['.', '\u001b[6~', '\u001b[C']],
    ['\u001bOH\u001b[1;5D', ['\u001bOH', '\u001b[1;5D']],
    ['gpfn:0xc100\r', ['g', ...'pfn:0xc100', '\r']],
  ])('are told apart in %j', (piece, keys) => {
    expect(keysOf(piece)).toEqual(keys);
  });
});
