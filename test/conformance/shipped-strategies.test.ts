import { jest } from '@jest/globals';
import { type StrategyOptions, strategyConformance } from 'vacate/testing';
import buddyPairs from '../../examples/custom-strategy/buddy-pairs.js';
import type { FrontEnd } from '../../src/events/range-events.js';
import type { Machine } from '../../src/sim/machine.js';
import { shipped } from './strategies.js';

/* Every strategy that vacate ships, and the one of the examples, by the kit that others test theirs with. */

/** Other tests share the processors. */
jest.setTimeout(300_000);

/** It empties whole zones only. */
const allOfMovable = ({ spec, blockState }: Machine) => ({
  blocks: [...blockState.keys()].filter((block) => {
    const zone = spec.zones.find(({ start, end }) => start <= block * spec.blockPages && block * spec.blockPages < end);
    return zone?.kind === 'Movable';
  }),
});

const NO_PRESSURE = 'without pressure it does nothing, which is what was wrong with it';
const SLOT_FIRST = 'as posted, it gives an anonymous page its swap slot before it asks whether the page can go';
const SHIPPED: readonly [FrontEnd, string, StrategyOptions?][] = [
  ['high-order', 'merged'],
  ['high-order', 'cheapest-range'],
  ['high-order', 'tosatti'],
  ['high-order', 'tosatti', { manner: { mode: 'historical' } }],
  ['high-order', 'booking'],
  ['high-order', 'compaction'],
  ['high-order', 'compaction', { manner: { mode: 'kcompactd' } }],
  ['offline', 'merged'],
  ['offline', 'isolate-first'],
  ['offline', 'block-by-block'],
  ['offline', 'capture'],
  [
    'offline',
    'node-remap',
    {
      request: allOfMovable,
      skip: [{ name: 'pages that cannot go stay, and are refused by name', because: SLOT_FIRST }],
    },
  ],
  ['offline', 'swap-out', { skip: [{ name: 'there is something to do', because: NO_PRESSURE }] }],
  ['offline', 'swap-out', { manner: { mode: 'forced' } }],
  ['reclaim', 'merged'],
  ['reclaim', 'kswapd-orders'],
  ['reclaim', 'kswapd-coalesce'],
];

describe.each(SHIPPED)('%s %s', (frontEnd, name, options) => {
  for (const { name: sentence, run } of strategyConformance(shipped(frontEnd, name), options)) it(sentence, run);
});

describe('the example', () => {
  for (const { name, run } of strategyConformance(buddyPairs)) it(name, run);
});
