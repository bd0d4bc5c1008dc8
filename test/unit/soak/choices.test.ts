import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import {
  parseMigrators,
  parseMinutes,
  parseRounds,
  parseSeconds,
  parseThreads,
} from '../../../src/cli/soak/soak-options.js';
import { FAULT_KINDS, parseFaultKinds } from '../../../src/soak/fault-kinds.js';
import { fullRoster, pickFromRoster } from '../../../src/soak/roster.js';

const roster = fullRoster({
  offline: ['merged', 'swap-out'],
  highOrder: ['merged', 'compaction'],
  reclaim: ['kswapd-orders'],
});
const named = (text: string) => pickFromRoster(roster, text).map(({ frontEnd, label }) => `${frontEnd}/${label}`);

describe('strategies of a soak', () => {
  it('are all of all front ends, and lists of pages', () => {
    expect(named('all')).toEqual([
      'offline/merged',
      'offline/swap-out',
      'high-order/merged',
      'high-order/compaction',
      'reclaim/kswapd-orders',
      'pages/move-pages',
    ]);
  });

  it.each([
    ['merged', ['offline/merged', 'high-order/merged']],
    ['high-order/merged', ['high-order/merged']],
    ['compaction, move-pages', ['high-order/compaction', 'pages/move-pages']],
  ])('"%s" names those', (text, expected) => {
    expect(named(text)).toEqual(expected);
  });
});

describe('faults of a soak', () => {
  it('are all, none, or those that are named', () => {
    expect(parseFaultKinds('all')).toEqual(FAULT_KINDS);
    expect(parseFaultKinds('none')).toEqual([]);
    expect(parseFaultKinds('swap-full, no-target')).toEqual(['swap-full', 'no-target']);
  });
});

it.each([
  [() => pickFromRoster(roster, 'compacton'), 'there is no strategy "compacton"; did you mean "compaction"?'],
  [() => parseFaultKinds('swapfull'), 'there is no fault "swapfull"; did you mean "swap-full"?'],
  [() => parseFaultKinds('a,b'), 'there is no fault "a"; '],
  [() => parseThreads('0'), '--threads cannot be "0"; write how many threads run processes, from 1 to 24'],
  [() => parseThreads('2.5'), '--threads cannot be "2.5"; '],
  [() => parseMigrators('9'), '--migrators cannot be "9"; '],
  [() => parseMinutes('-1'), '--minutes cannot be "-1"; write a number above 0'],
  [() => parseSeconds('1e9'), '--seconds cannot be "1e9"; '],
  [() => parseRounds('1000'), '--rounds cannot be "1000"; write how often every strategy has its turn, from 1 to 999'],
])('what cannot be is refused, case %#', (choose, sentence) => {
  let error: unknown = null;
  try {
    choose();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(VacateError);
  expect((error as VacateError).kind).toBe('usage');
  expect((error as VacateError).message).toContain(sentence);
});

it('minutes may be parts of one', () => {
  expect(parseMinutes('0.5')).toBe(0.5);
  expect(parseSeconds('3')).toBe(3);
  expect(parseThreads('24')).toBe(24);
});
