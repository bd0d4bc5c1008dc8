import { createEvacuator, type Evacuator, type EvacuatorOptions } from '../container/create-evacuator.js';
import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../mm/zone.js';
import { createMachine } from '../sim/machine.js';
import { simModule } from '../sim/sim-module.js';

/** A host that is as small as one can be, for questions that are not about a machine. */
export function noMachine(): EvacuatorOptions['host'] {
  const zone = { node: 0, kind: 'Normal', start: 0, end: PAGEBLOCK_PAGES } as const;
  return simModule(
    createMachine({
      name: 'none',
      nrPfns: PAGEBLOCK_PAGES,
      nrCpus: 1,
      blockPages: PAGEBLOCK_PAGES,
      zones: [{ ...zone, watermarks: watermarksFromMin(0), lowmemReserve: NO_LOWMEM_RESERVE }],
      blocks: [],
      dimms: [],
      nrSwapSlots: 0,
      contents: 'token',
    }),
  );
}

/** Strategies by front end, the default first. */
export function strategyNames(): Evacuator['strategies'] {
  const evacuator = createEvacuator({ host: noMachine(), plugins: [] });
  const { strategies } = evacuator;
  evacuator.dispose();
  return strategies;
}
