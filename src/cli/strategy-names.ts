import { createEvacuator } from '../container/create-evacuator.js';
import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../mm/zone.js';
import { createMachine } from '../sim/machine.js';
import { simModule } from '../sim/sim-module.js';

/** Strategies by front end, the default first: asked of a machine that is as small as one can be. */
export function strategyNames(): { readonly highOrder: readonly string[]; readonly offline: readonly string[] } {
  const zone = { node: 0, kind: 'Normal', start: 0, end: PAGEBLOCK_PAGES } as const;
  const machine = createMachine({
    name: 'none',
    nrPfns: PAGEBLOCK_PAGES,
    nrCpus: 1,
    blockPages: PAGEBLOCK_PAGES,
    zones: [{ ...zone, watermarks: watermarksFromMin(0), lowmemReserve: NO_LOWMEM_RESERVE }],
    blocks: [],
    dimms: [],
    nrSwapSlots: 0,
    contents: 'token',
  });
  const evacuator = createEvacuator({ host: simModule(machine), plugins: [] });
  const { strategies } = evacuator;
  evacuator.dispose();
  return strategies;
}
