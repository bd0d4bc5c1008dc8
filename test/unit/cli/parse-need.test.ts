import { describe, expect, it } from '@jest/globals';
import { parseNeed } from '../../../src/cli/options.js';

describe('--need', () => {
  it.each([
    ['4GiB', 4 * 2 ** 30],
    ['512MiB', 512 * 2 ** 20],
    ['512M', 512 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
    ['1', 1],
    ['1TiB', 2 ** 40],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseNeed(text)).toBe(bytes);
  });

  it.each(['', '0', '-1', '4 GiB', '4gib', 'GiB', '1e9', '0x10', '2TiB', '99999999999999999', '4GiB4', 'NaN', '1.G'])(
    'does not take "%s"',
    (text) => {
      expect(() => parseNeed(text)).toThrow(expect.objectContaining({ name: 'VacateError', kind: 'usage' }));
    },
  );
});
