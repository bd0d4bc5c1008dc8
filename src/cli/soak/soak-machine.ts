import { readFileSync } from 'node:fs';
import { VacateError } from '../../base/vacate-error.js';
import { machineFromScenario, parseScenario } from '../../scenario/index.js';
import { type SharedMachine, shareMachine } from '../../smp/shared-machine.js';
import type { SoakLedger } from '../../soak/ledger.js';
import { prepareMachine } from '../../soak/prepare.js';
import { type Residents, takeResidents } from '../../soak/residents.js';
import { shapeFor } from '../../soak/shape.js';
import type { Context } from '../context.js';
import { checkName, readable } from '../open-machine.js';
import { SCENARIOS } from '../shipped-scenarios.js';

const SHIPPED = 'soak.yaml';

export interface SoakMachineOptions {
  /** A scenario file; the shipped one if absent. */
  readonly scenario: string | undefined;
  readonly threads: number;
  readonly migrators: number;
  readonly bytes: boolean;
  readonly seed: number | undefined;
}

/** A machine that is ready for the threads of a soak. */
export interface SoakMachine {
  readonly shared: SharedMachine;
  readonly ledger: SoakLedger;
  readonly residents: Residents;
  readonly seed: number;
}

/** @throws VacateError kind 'usage', 'scenario' or 'no-room'. */
export function openSoakMachine({ progress }: Context, options: SoakMachineOptions): SoakMachine {
  const { text, where } = scenarioText(options.scenario);
  const parsed = parseScenario(text, where);
  const cpus = Math.max(options.threads + options.migrators, parsed.cpus ?? 1, parsed.nodes.length);
  const seed = options.seed ?? parsed.seed;
  const m = machineFromScenario(
    { ...parsed, cpus, contents: options.bytes ? 'bytes' : 'token' },
    {
      seed,
      shared: true,
      onProgress: (part) => progress.update({ label: 'building the machine', done: part, total: 1, unit: null }),
    },
  );
  progress.stop();
  const residents = takeResidents(m);
  const shape = shapeFor(m, options.threads);
  if (shape === null)
    throw new VacateError(
      'no-room',
      `${m.spec.name} has too little free memory for ${options.threads} threads while a DIMM is away; take fewer threads or a larger machine`,
    );
  const ledger = prepareMachine(m, shape);
  return { shared: shareMachine(m), ledger, residents, seed };
}

function scenarioText(path: string | undefined): { text: string; where: string } {
  if (path !== undefined) {
    if (checkName(path).isDirectory())
      throw new VacateError(
        'usage',
        `"${path}" is a capture, whose pages have no owners that could run; name a scenario`,
      );
    return { text: readable(path, () => readFileSync(path, 'utf8')), where: path };
  }
  try {
    return { text: readFileSync(new URL(SHIPPED, SCENARIOS), 'utf8'), where: SHIPPED };
  } catch (cause) {
    const because = `the soak's scenario ${SHIPPED} is missing from this installation; reinstall vacate`;
    throw new VacateError('scenario', because, { cause });
  }
}
