import { createPalette, wantsColour } from '../../../src/cli/palette.js';

const TERMINAL = { isTTY: true };

describe('wantsColour', () => {
  it('is for terminals only', () => {
    expect(wantsColour(TERMINAL, [], {})).toBe(true);
    expect(wantsColour({ isTTY: false }, [], {})).toBe(false);
    expect(wantsColour({}, [], { FORCE_COLOR: '1' })).toBe(false);
  });

  it('respects --no-color, NO_COLOR and a terminal that has none', () => {
    expect(wantsColour(TERMINAL, ['inspect', '--no-color'], {})).toBe(false);
    expect(wantsColour(TERMINAL, [], { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(TERMINAL, [], { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(TERMINAL, [], { TERM: 'dumb' })).toBe(false);
  });
});

describe('createPalette', () => {
  it('returns texts as they are without colour', () => {
    const { bold, dim, good, bad, in256 } = createPalette(false);
    expect([bold('a'), dim('a'), good('a'), bad('a'), in256(74, 'a')]).toEqual(['a', 'a', 'a', 'a', 'a']);
  });

  it('ends what it begins', () => {
    expect(createPalette(true).in256(74, 'a')).toBe('\u001b[38;5;74ma\u001b[39m');
  });
});
