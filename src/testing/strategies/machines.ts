import type { FrontEnd } from '../../events/range-events.js';
import { BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import { FREE_FLAGS } from '../../mm/page-flags.js';
import { machineFromScenario, parseScenario } from '../../scenario/index.js';
import { readFilePage } from '../../sim/access.js';
import { createFile } from '../../sim/files.js';
import type { Machine } from '../../sim/machine.js';
import type { HighOrderRequest, OfflineRequest, ReclaimRequest } from '../../strategies/strategy.js';
import { settle } from '../machines/small-machine.js';

/** 20 MiB with some of everything, half of it free and nowhere in one piece. */
const FRAGMENTED = `
name: fragmented
cpus: 2
blockSize: 4MiB
contents: token
swap: 16MiB
nodes:
  - boot: 8MiB
    dimms: [{ name: movable, size: 12MiB, zone: movable }]
workloads:
  - { kind: anonymous, size: 5MiB, processes: 2, keep: 0.5 }
  - { kind: files, size: 4MiB, files: 3, mapped: 0.5, dirty: 0.2, buffers: 0.3 }
  - { kind: slab, size: 512KiB }
`;

/** Pages that a zone lacks when kswapd is to wake. */
const SHORT_OF = 32;

/** A machine on which a strategy of any front end has something to do. */
export function machineFor(frontEnd: FrontEnd): Machine {
  const machine = machineFromScenario(parseScenario(FRAGMENTED, 'fragmented.yaml'));
  if (frontEnd === 'reclaim') runShort(machine);
  settle(machine);
  return machine;
}

/** Reads a file as large as what is free, and raises the marks until every zone is below its low one. */
function runShort(m: Machine): void {
  const nrPages = m.nrFree.reduce((sum, nr) => sum + nr, 0);
  const marks = m.spec.zones.reduce((sum, { watermarks }) => sum + watermarks.high, 0);
  const file = createFile(m, nrPages);
  for (let page = 0; page < nrPages - 2 * marks; page++) readFilePage(m, 0, file, page);
  settle(m);
  for (const [zone, nrFree] of m.nrFree.entries()) {
    m.watermarkMin[zone] = Math.floor(nrFree / 2);
    m.watermarkLow[zone] = nrFree + SHORT_OF;
    m.watermarkHigh[zone] = nrFree + 2 * SHORT_OF;
  }
}

/** What a front end is asked for, unless somebody says otherwise. */
export interface Requests {
  readonly 'high-order': HighOrderRequest;
  readonly offline: OfflineRequest;
  readonly reclaim: ReclaimRequest;
}

/** A request that the machine can serve: small blocks, the busiest movable block, an order for kswapd. */
export function requestFor<F extends FrontEnd>(frontEnd: F, m: Machine): Requests[F] {
  const requests: Requests = {
    'high-order': { order: 3, count: 6 },
    offline: { blocks: [busiestMovable(m)] },
    reclaim: { order: 3 },
  };
  return requests[frontEnd];
}

function busiestMovable(m: Machine): number {
  const { blockPages, zones } = m.spec;
  const nrUsed = (block: number): number => {
    const { start, end } = blockRange(block, blockPages);
    const isMovable = zones.some((zone) => zone.kind === 'Movable' && zone.start <= start && end <= zone.end);
    if (!isMovable || m.blockState[block] !== BLOCK_ONLINE) return -1;
    return m.flags.subarray(start, end).reduce((nr, flags) => ((flags & FREE_FLAGS) === 0 ? nr + 1 : nr), 0);
  };
  return [...m.blockState.keys()].reduce((best, block) => (nrUsed(block) > nrUsed(best) ? block : best));
}
