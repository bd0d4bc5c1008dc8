import 'reflect-metadata';
import { compareLabels } from '../../../src/cli/compare/compare-labels.js';
import { strategyNames } from '../../../src/cli/strategy-names.js';
import { defineStrategy } from '../../../src/strategies/define-strategy.js';
import type { HighOrderStrategy } from '../../../src/strategies/strategy.js';

const NOBODY = { highOrder: [], offline: [], reclaim: [] };

describe('compareLabels', () => {
  it('is everybody by default, or by name', () => {
    expect(compareLabels([], [])).toEqual(strategyNames());
    expect(compareLabels(['all'], [])).toEqual(strategyNames());
  });

  it('reads lists, one or several, each name once', () => {
    expect(compareLabels(['cheapest-range, isolate-first', 'cheapest-range'], [])).toEqual({
      ...NOBODY,
      highOrder: ['cheapest-range'],
      offline: ['isolate-first'],
    });
  });

  it('lets a strategy of several front ends compete in each', () => {
    const { highOrder, offline } = compareLabels(['merged'], []);
    expect([highOrder, offline]).toEqual([['merged'], ['merged']]);
  });

  it('knows modes and switches, and adds them to all', () => {
    expect(compareLabels(['tosatti:intended+no-alignment'], [])).toEqual({
      ...NOBODY,
      highOrder: ['tosatti:intended+no-alignment'],
    });
    const names = strategyNames().highOrder;
    expect(compareLabels(['all,tosatti+no-alignment'], []).highOrder).toEqual([...names, 'tosatti+no-alignment']);
  });

  it('knows strategies from outside', () => {
    const mine = defineStrategy({
      frontEnd: 'high-order',
      create: () => ({ name: 'mine', about: 'of no use', run: () => null }) as unknown as HighOrderStrategy,
    });
    expect(compareLabels(['mine'], [mine])).toEqual({ ...NOBODY, highOrder: ['mine'] });
  });

  it.each([
    ['tosati', 'there is no strategy "tosati"; did you mean "tosatti"?'],
    ['tosatti:historic', 'strategy tosatti has no mode "historic"; did you mean "historical"?'],
    ['tosatti+no-allignment', 'strategy tosatti has no switch "no-allignment"; did you mean "no-alignment"?'],
    ['cheapest-range:fast', 'strategy cheapest-range has no mode "fast"; it has no mode at all'],
    ['cheapest-range,', '--strategy "cheapest-range," has an empty part; write names between commas'],
  ])('refuses "%s" by naming the nearest', (named, sentence) => {
    expect(() => compareLabels([named], [])).toThrow(sentence);
  });
});
