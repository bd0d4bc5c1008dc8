import { readFileSync } from 'node:fs';
import { VacateError } from '../../base/vacate-error.js';
import { nodeSources } from '../../container/node-sources.js';
import { openShards, type Shards } from '../../container/open-shards.js';
import { parseScenario } from '../../scenario/index.js';
import type { Context } from '../context.js';
import { Interrupted } from '../interrupts.js';
import { LIVE } from '../open-live.js';
import { checkName, readable } from '../open-machine.js';
import { NodesProgress } from './nodes-progress.js';

/** A machine whose nodes work side by side. */
export interface OpenNodes {
  readonly name: string;
  readonly seed: number;
  readonly shards: Shards;
}

export interface OpenNodesOptions {
  readonly threads: number;
  readonly seed?: number | undefined;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly strategyModule: readonly string[];
}

/**
 * The nodes of a scenario, each a machine of its own in a thread of its own.
 *
 * @throws VacateError kind 'usage' or 'scenario'; Interrupted if the user stops it.
 */
export async function openNodes(context: Context, name: string, options: OpenNodesOptions): Promise<OpenNodes> {
  if (name === LIVE || checkName(name).isDirectory())
    throw new VacateError(
      'usage',
      `--threads builds each node of a scenario for itself, and "${name}" is no scenario; leave it out`,
    );
  const scenario = parseScenario(
    readable(name, () => readFileSync(name, 'utf8')),
    name,
  );
  const seed = options.seed ?? scenario.seed;
  const { interrupts, progress } = context;
  const shown = new NodesProgress(progress, 'building the nodes');
  try {
    const shards = await openShards({
      nodes: nodeSources(scenario, seed),
      threads: options.threads,
      plugins: options.plugin,
      handlerTimeLimitMs: options.pluginTimeLimit,
      strategyModules: options.strategyModule,
      isVerified: true,
      signal: interrupts.signal,
      onProgress: shown.note,
    });
    return { name: scenario.name, seed, shards };
  } catch (error) {
    if (interrupts.interrupted) throw new Interrupted('nothing was changed');
    throw error;
  } finally {
    progress.stop();
  }
}
