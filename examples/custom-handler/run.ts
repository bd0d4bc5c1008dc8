import {
  blocksOf,
  createEvacuator,
  loadShippedPlugins,
  machineFromScenario,
  PG_MOVABLE_OPS,
  parseScenario,
  runToEnd,
  simModule,
} from 'vacate';
import { RingDriver, ringBuffer } from './ring-buffer.js';

// Takes a DIMM offline that holds the ring of a network card, first while it is busy, then while it comes to its end.
// After `npm run build`: node dist/examples/custom-handler/run.js

// To a scenario, a driver's pool of movable pages is zsmalloc's.
const machine = machineFromScenario(
  parseScenario(
    `
    name: ring
    seed: 1
    cpus: 2
    blockSize: 16MiB
    nodes: [{ boot: 64MiB, dimms: [{ name: dimm0, size: 32MiB, zone: movable }] }]
    workloads:
      - { kind: zsmalloc, size: 64 pages, on: dimm0 }
      - { kind: anonymous, size: 4MiB, on: dimm0 }
    `,
    'run.ts',
  ),
);

const ring = new RingDriver();
const { descriptors, inTransfer } = ring;
const plugins = [ringBuffer(ring), ...(await loadShippedPlugins())];
const { host, offline } = createEvacuator({ host: simModule(machine), plugins });
const blocks = host.layout.dimms.flatMap(({ range }) => blocksOf(range, host.layout.blockPages));

const { flags } = host.columns;
for (let pfn = 0; pfn < host.layout.nrPfns; pfn++) if (flags[pfn]! & PG_MOVABLE_OPS) descriptors.push(pfn);
for (const page of descriptors.slice(0, 3)) inTransfer.add(page);
console.log(`the ring has ${descriptors.length} pages, ${inTransfer.size} of them in a transfer`);

const refused = runToEnd(offline({ blocks }));
console.log(`dimm0: ${refused.outcome}`);
for (const { handler, reason, kind, because, pages } of refused.refusals)
  console.log(`  ${pages} pages: ${because} (${handler}, ${reason}, ${kind})`);

// A job is a generator: it pauses, and what it waits for may happen meanwhile.
const job = offline({ blocks });
let step = job.next();
for (; step.done !== true; step = job.next()) {
  const [page] = inTransfer;
  if (step.value.step !== 'waiting' || page === undefined) continue;
  inTransfer.delete(page);
  console.log(`  a transfer completes, ${inTransfer.size} are left`);
}
console.log(`dimm0: ${step.value.outcome}, ${step.value.pagesMigrated} pages moved`);
const right = descriptors.filter((page) => (flags[page]! & PG_MOVABLE_OPS) !== 0).length;
console.log(
  `the card's descriptors lead to ${right} pages of the ring; ${host.validate().length} invariants are broken`,
);
