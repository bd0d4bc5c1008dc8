import { Prng } from '../base/prng.js';
import { nodeScenarios, type Scenario } from '../scenario/index.js';
import type { ShardSource } from './shard-machine.js';

/**
 * The nodes of a scenario, for `openShards`. Each draws from a stream of its own; a machine of one node is the one that
 * the scenario describes.
 *
 * @throws VacateError kind 'scenario' for a node that cannot be alone.
 * @example
 * nodeSources(scenario).length; // 1
 */
export function nodeSources(scenario: Scenario, seed = scenario.seed): ShardSource[] {
  const own = nodeScenarios(scenario);
  const seedOf = (node: number) => (own.length === 1 ? seed : new Prng(seed).split(node).seed);
  return own.map((alone, node) => ({ kind: 'scenario', scenario: alone, seed: seedOf(node) }));
}
