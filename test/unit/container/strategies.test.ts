import { describe, expect, it } from '@jest/globals';
import { pickStrategy } from '../../../src/container/pick-strategy.js';
import { createEvacuator, runToEnd, simModule } from '../../../src/index.js';
import { defineStrategy, type Job, type Strategy, type StrategyDefinition } from '../../../src/strategies/index.js';
import { labelOf, labelsOf } from '../../../src/strategies/labels.js';
import { smallMachine } from '../sim/small-machine.js';

const named = (name: string, more: Partial<Strategy<object, string>> = {}): Strategy<object, string> => ({
  name,
  about: 'says what it was asked',
  // biome-ignore lint/correctness/useYield: it is done at once
  *run(request): Job<string> {
    return JSON.stringify(request);
  },
  ...more,
});

const STRATEGIES = [
  named('plain'),
  named('tosatti', { modes: ['intended', 'historical'], switches: ['no-alignment', 'no-rollback'] }),
];
const pick = (label?: string) => pickStrategy('high-order', STRATEGIES, label);

describe('labels', () => {
  it('name the first mode by the bare name', () => {
    expect(STRATEGIES.flatMap(labelsOf)).toEqual(['plain', 'tosatti', 'tosatti:historical']);
    expect(labelOf(STRATEGIES[1]!, {})).toBe('tosatti');
    expect(labelOf(STRATEGIES[1]!, { mode: 'historical', switches: ['no-rollback'] })).toBe(
      'tosatti:historical+no-rollback',
    );
  });

  it.each([
    [undefined, 'plain', {}],
    ['tosatti', 'tosatti', {}],
    ['tosatti:historical', 'tosatti', { mode: 'historical' }],
    ['tosatti+no-alignment+no-rollback', 'tosatti', { switches: ['no-alignment', 'no-rollback'] }],
    ['tosatti:intended+no-alignment', 'tosatti', { mode: 'intended', switches: ['no-alignment'] }],
  ])('%s is understood', (label, name, manner) => {
    expect(pick(label).strategy.name).toBe(name);
    expect(pick(label).manner).toEqual(manner);
  });

  it.each([
    ['tosati', 'high-order has no strategy "tosati"; did you mean "tosatti"?'],
    ['xyzzyplugh', 'high-order has no strategy "xyzzyplugh"; known are plain, tosatti, tosatti:historical'],
    ['tosatti:historic', 'strategy tosatti has no mode "historic"; did you mean "historical"?'],
    ['tosatti+no-alignmnt', 'strategy tosatti has no switch "no-alignmnt"; did you mean "no-alignment"?'],
    ['plain:historical', 'strategy plain has no mode "historical"; it has no mode at all'],
    ['', 'high-order has no strategy ""; known are plain, tosatti, tosatti:historical'],
  ])('%s is a usage error', (label, sentence) => {
    expect(() => pick(label)).toThrow(expect.objectContaining({ kind: 'usage', message: sentence }));
  });
});

describe('a strategy from outside', () => {
  const outside = (name: string): StrategyDefinition =>
    defineStrategy({
      frontEnd: 'reclaim',
      create: ({ service }) => ({
        name,
        about: 'says that all is well',
        doesNotApply: ({ order }) => (order > 3 ? 'it is for small orders' : null),
        // biome-ignore lint/correctness/useYield: it is done at once
        *run({ order }) {
          const moved = { sources: new Uint32Array(), targets: new Uint32Array() };
          const pagesReclaimed = service.host.reclaim.counters.reclaimed;
          const counts = { woken: true, pagesMigrated: 0, pagesReclaimed, scanned: null, refusals: [], moved };
          return { outcome: 'done', strategy: name, order, ...counts };
        },
      }),
    });
  const evacuatorWith = (...strategies: StrategyDefinition[]) =>
    createEvacuator({ host: simModule(smallMachine()), plugins: [], strategies });

  it('stands beside the shipped ones', () => {
    const evacuator = evacuatorWith(outside('mine'));
    expect(evacuator.strategies.reclaim).toContain('mine');
    expect(runToEnd(evacuator.reclaim({ order: 2 }, 'mine'))).toMatchObject({ strategy: 'mine', order: 2 });
  });

  it('says what it cannot do', () => {
    const { reclaim } = evacuatorWith(outside('mine'));
    expect(() => reclaim({ order: 4 }, 'mine')).toThrow('strategy mine does not apply: it is for small orders');
  });

  it.each([
    [() => evacuatorWith(outside('mine'), outside('mine')), 'reclaim strategy "mine" is there twice'],
    [() => evacuatorWith(outside('Mine:one')), 'reclaim strategy "Mine:one" has no kebab-case name'],
    [() => defineStrategy({ frontEnd: 'sideways' } as never), 'a strategy has frontEnd "sideways"; use one of'],
    [() => defineStrategy({ frontEnd: 'offline' } as never), 'the offline strategy has no create(tools)'],
    [() => defineStrategy(null as never), 'a strategy module must export defineStrategy'],
  ])('is checked', (make, sentence) => {
    expect(make).toThrow(expect.objectContaining({ kind: 'plugin', message: expect.stringContaining(sentence) }));
  });
});
