import {
  once,
  parseCount,
  parseJobs,
  parseOrder,
  parseSeed,
  parseSeeds,
  parseTimeout,
} from '../../../src/cli/options.js';

describe('parseTimeout', () => {
  it.each([
    ['30s', 30_000],
    ['30', 30_000],
    ['500ms', 500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0.5s', 500],
  ])('reads %s', (text, ms) => {
    expect(parseTimeout(text)).toBe(ms);
  });

  it.each(['', '0', '0s', '-1s', 's', '3d', '1 s', '1e3'])('refuses "%s"', (text) => {
    expect(() => parseTimeout(text)).toThrow(`--timeout cannot read "${text}"; write a time like 30s`);
  });
});

describe('numbers', () => {
  it('reads what is in range', () => {
    expect([parseOrder('1'), parseOrder('27'), parseCount('1'), parseSeed('0'), parseSeed('4294967295')]).toEqual([
      1, 27, 1, 0, 4_294_967_295,
    ]);
  });

  it.each(['0', '28', '99', '-1', 'x', '9.5', ''])('refuses the order "%s"', (text) => {
    expect(() => parseOrder(text)).toThrow(`--order cannot be "${text}"; write a number from 1 to 27`);
  });

  it.each(['0', '-3', 'many', '1e3'])('refuses the count "%s"', (text) => {
    expect(() => parseCount(text)).toThrow(`--count cannot be "${text}"`);
  });

  it.each(['-1', '4294967296', 'x'])('refuses the seed "%s"', (text) => {
    expect(() => parseSeed(text)).toThrow(`--seed cannot be "${text}"`);
  });
});

describe('once', () => {
  it('takes a value, and no second one', () => {
    expect(once('--dimm')('dimm0', undefined)).toBe('dimm0');
    expect(() => once('--dimm')('dimm1', 'dimm0')).toThrow('--dimm is given twice, "dimm0" and "dimm1"; keep one');
  });
});

describe('how many seeds and jobs', () => {
  it('are whole numbers above 0', () => {
    expect([parseSeeds('1'), parseSeeds('10000'), parseJobs('2')]).toEqual([1, 10_000, 2]);
    for (const text of ['0', '-1', '1.5', 'ten', '', '10001']) {
      expect(() => parseSeeds(text)).toThrow(`--seeds cannot be "${text}"; write how many, from 1`);
      expect(() => parseJobs(text)).toThrow(`--jobs cannot be "${text}"; write how many runs go on at a time`);
    }
  });
});
