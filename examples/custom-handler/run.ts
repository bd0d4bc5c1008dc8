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
import { ringBuffer } from './ring-buffer.js';

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

const inTransfer = new Set<number>();
const plugins = [ringBuffer(inTransfer), ...(await loadShippedPlugins())];
const { host, offline } = createEvacuator({ host: simModule(machine), plugins });
const blocks = host.layout.dimms.flatMap(({ range }) => blocksOf(range, host.layout.blockPages));

const ring: number[] = [];
for (let pfn = 0; pfn < host.layout.nrPfns; pfn++) if (host.columns.flags[pfn]! & PG_MOVABLE_OPS) ring.push(pfn);
for (const page of ring.slice(0, 3)) inTransfer.add(page);
console.log(`the ring has ${ring.length} pages, ${inTransfer.size} of them in a transfer`);

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
