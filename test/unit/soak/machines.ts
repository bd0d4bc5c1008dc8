import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Prng } from '../../../src/base/prng.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';
import { attachCpu, type Cpu } from '../../../src/smp/cpu.js';
import { type SharedMachine, shareMachine } from '../../../src/smp/shared-machine.js';
import { createSoakControl } from '../../../src/soak/control.js';
import { type Counters, createCounters } from '../../../src/soak/counters.js';
import type { SoakLedger } from '../../../src/soak/ledger.js';
import { prepareMachine } from '../../../src/soak/prepare.js';
import { type Residents, takeResidents } from '../../../src/soak/residents.js';
import { type SoakShape, shapeFor } from '../../../src/soak/shape.js';

const SMALL = fileURLToPath(new URL('../../fixtures/soak/small.yaml', import.meta.url));

/** A machine that is ready for a soak of `nrThreads` and one migrator, all of which may be this thread in turn. */
export interface Ready {
  readonly shared: SharedMachine;
  readonly shape: SoakShape;
  readonly ledger: SoakLedger;
  readonly residents: Residents;
  readonly counters: Counters;
  readonly control: Int32Array;
}

export function readyMachine(nrThreads = 1, contents: 'token' | 'bytes' = 'token', nrStrategies = 1): Ready {
  const scenario = parseScenario(readFileSync(SMALL, 'utf8'), 'small.yaml');
  const m = machineFromScenario({ ...scenario, cpus: nrThreads + 1, contents }, { shared: true });
  const residents = takeResidents(m);
  const shape = shapeFor(m, nrThreads)!;
  const ledger = prepareMachine(m, shape);
  return {
    shared: shareMachine(m),
    shape,
    ledger,
    residents,
    counters: createCounters({ nrThreads, nrMigrators: 1, nrStrategies }),
    control: new Int32Array(createSoakControl(nrThreads + 1)),
  };
}

/** Thread `thread` of a soak, as the CPU that it would be. */
export function cpuOf({ shared }: Ready, thread: number): Cpu {
  return attachCpu(shared, 1 + thread);
}

/** Chance that does something when so many numbers have been drawn of it. */
export class CountedPrng extends Prng {
  #left: number;

  constructor(
    seed: number,
    draws: number,
    private readonly atLast: () => void,
    private readonly atEach: () => void = () => {},
  ) {
    super(seed);
    this.#left = draws;
  }

  override uint32(): number {
    this.atEach();
    if (--this.#left === 0) this.atLast();
    return super.uint32();
  }
}
