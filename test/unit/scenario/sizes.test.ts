import { describe, expect, it } from '@jest/globals';
import { nanosecondsOf, pagesOf, sizeText } from '../../../src/scenario/sizes.js';

describe('pagesOf', () => {
  it.each([
    ['64KiB', 16],
    ['512MiB', 131_072],
    ['1.5GiB', 393_216],
    ['2TiB', 536_870_912],
    ['4 GiB', 1_048_576],
    ['1 page', 1],
    ['1000 pages', 1000],
    ['0 pages', 0],
    ['6KiB', 1.5],
  ])('%s', (text, pages) => {
    expect(pagesOf(text)).toBe(pages);
  });

  it.each(['', 'MiB', '512', '512MB', '512mib', '-1MiB', '1e3 pages', '1,5GiB', ' 4GiB', 'pages 4'])(
    'takes "%s" for no size',
    (text) => {
      expect(pagesOf(text)).toBeNaN();
    },
  );
});

describe('nanosecondsOf', () => {
  it.each([
    ['7ns', 7],
    ['100us', 100_000],
    ['5ms', 5_000_000],
    ['2.5 s', 2_500_000_000],
    ['forever', Number.POSITIVE_INFINITY],
  ])('%s', (text, ns) => {
    expect(nanosecondsOf(text)).toBe(ns);
  });

  it.each(['', '5', '5 minutes', 'Forever', '-1ms'])('takes "%s" for no duration', (text) => {
    expect(nanosecondsOf(text)).toBeNaN();
  });
});

describe('sizeText', () => {
  it.each([
    [262_144, '1GiB'],
    [393_216, '1536MiB'],
    [4096, '16MiB'],
    [255, '255 pages'],
    [1, '1 page'],
    [0, '0 pages'],
  ])('%d pages', (pages, text) => {
    expect(sizeText(pages)).toBe(text);
    expect(pagesOf(text)).toBe(pages);
  });
});
