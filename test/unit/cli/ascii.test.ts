import { asAscii, wantsAscii } from '../../../src/cli/ascii.js';
import { COLOURINGS, colouring } from '../../../src/picture/colourings.js';

describe('asAscii', () => {
  it('is as wide as what it stands for, and ASCII', () => {
    const text = '✓ 12 │░▒▓█·│ 34% … not ±1 – 日 𝕍';
    expect(asAscii(text)).toBe('+ 12 |:oO#.| 34% ~ not ~1 - ? ?');
    expect([...asAscii(text)]).toHaveLength([...text].length);
  });

  it('leaves classes of pages apart', () => {
    for (const name of COLOURINGS) {
      const shapes = colouring(name)
        .swatches.slice(1)
        .flatMap(({ glyphs }) => [...new Set(asAscii(glyphs))]);
      expect(new Set(shapes).size).toBe(shapes.length);
      expect(shapes).not.toContain('?'.repeat(name === 'migratetype' ? 2 : 1));
    }
  });
});

describe('wantsAscii', () => {
  it.each<[boolean, readonly string[], NodeJS.ProcessEnv]>([
    [true, ['node', 'vacate', '--ascii'], {}],
    [false, [], {}],
    [true, [], { LC_ALL: 'C', LANG: 'en_US.UTF-8' }],
    [true, [], { LANG: 'POSIX' }],
    [false, [], { LC_ALL: '', LANG: 'C.UTF-8' }],
    [false, [], { LC_CTYPE: 'de_DE.utf8', LANG: 'C' }],
    [true, [], { LANG: 'de_DE.ISO-8859-1@euro' }],
    [false, [], { LANG: 'de_DE' }],
  ])('is %s of %j in %j', (expected, argv, env) => {
    expect(wantsAscii(argv, env)).toBe(expected);
  });
});
