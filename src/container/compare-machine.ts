import { readCapture } from '../capture/index.js';
import { KeptMachine } from '../compare/kept-machine.js';
import type { GroupMachine } from '../compare/run-group.js';
import { alone, among } from '../compare/surroundings.js';
import type { MachineSource } from '../compare/task.js';
import type { PageType } from '../handler/define-page-type.js';
import { machineFromScenario, parseScenario, type Scenario, startActivities } from '../scenario/index.js';
import { machineFromImage } from '../sim/from-image.js';
import type { Machine } from '../sim/machine.js';
import { simModule } from '../sim/sim-module.js';
import type { StrategyDefinition } from '../strategies/define-strategy.js';
import { createEvacuator } from './create-evacuator.js';

/** A machine as it is built for comparisons. */
export interface CompareMachine {
  readonly machine: Machine;
  /** Null for a capture, on which no other tasks run. */
  readonly scenario: Scenario | null;
  /** What could not be known, in sentences. */
  readonly caveats: readonly string[];
}

/**
 * Builds a machine. Its pages hold tokens whatever the scenario says: they prove as well that every page arrived, and the
 * machine can be put back as it was in a tenth of the time.
 *
 * @throws VacateError kind 'scenario' or 'capture'.
 */
export function buildCompareMachine(source: MachineSource, seed: number | null): CompareMachine {
  if (source.kind === 'capture') {
    const image = readCapture(source.directory);
    return { machine: machineFromImage(image), scenario: null, caveats: image.caveats };
  }
  const scenario: Scenario = { ...parseScenario(source.text, source.where), contents: 'token' };
  const machine = machineFromScenario(scenario, seed === null ? {} : { seed });
  return { machine, scenario, caveats: [] };
}

/** What a group of cells runs on: the machine, evacuators for it, and its other tasks. */
export function groupMachine(
  { machine, scenario }: CompareMachine,
  seed: number | null,
  plugins: readonly PageType[],
  strategies: readonly StrategyDefinition[],
): GroupMachine {
  return {
    kept: new KeptMachine(machine),
    createEvacuator: () => createEvacuator({ host: simModule(machine), plugins, strategies }),
    begin: () =>
      scenario === null || scenario.activities.length === 0
        ? alone(machine)
        : among(startActivities(scenario, machine, seed ?? scenario.seed)),
  };
}
