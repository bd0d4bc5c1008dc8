import {
  blocksOf,
  compareLedger,
  createEvacuator,
  loadShippedPlugins,
  machineFromScenario,
  parseScenario,
  runToEnd,
  simModule,
  takeLedger,
} from 'vacate';
import type { PageType } from 'vacate/handler';
import { type Walked, walkingNonlinear } from './walking-nonlinear.js';

// Takes a DIMM offline whose file pages are mapped nonlinearly: with the shipped handler, which refuses, and with one that
// walks page tables. After `npm run build`: node dist/examples/nonlinear-handler/run.js

/** Virtual time: what a page that moves costs, and a look at a page-table entry on its cache line (src/compare/virtual-time.ts). */
const MOVE_NS = 700;
const LOOK_NS = 5;

const machineWith = (pagesOfFile: number) =>
  machineFromScenario(
    parseScenario(
      `
      name: nonlinear
      seed: 1
      cpus: 2
      blockSize: 16MiB
      nodes: [{ boot: 128MiB, dimms: [{ name: dimm0, size: 32MiB, zone: movable }] }]
      workloads: [{ kind: nonlinear, size: ${pagesOfFile} pages, on: dimm0 }]
      `,
      'run.ts',
    ),
  );

function row(pagesOfFile: number, handler: string, plugins: readonly PageType[], walked: Walked): string {
  const machine = machineWith(pagesOfFile);
  const ledger = takeLedger(machine);
  const { host, offline } = createEvacuator({ host: simModule(machine), plugins });
  const blocks = host.layout.dimms.flatMap(({ range }) => blocksOf(range, host.layout.blockPages));
  const { outcome, pagesMigrated: moved } = runToEnd(offline({ blocks }));
  const { wrong } = compareLedger(machine, ledger);
  const each = moved === 0 ? 0 : walked.entries / moved;
  const microseconds = moved === 0 ? 0 : (MOVE_NS + each * LOOK_NS) / 1000;
  const cells = [pagesOfFile, handler, outcome, moved, each, microseconds.toFixed(1), wrong];
  return cells.map((cell, i) => (i === 1 ? `${cell}`.padEnd(17) : `${cell}`.padStart(8))).join(' ');
}

console.log('    file handler            outcome    moved  entries  µs/page    wrong');
const shipped = await loadShippedPlugins();
for (const pagesOfFile of [64, 512, 4096]) {
  console.log(row(pagesOfFile, 'nonlinear', shipped, { entries: 0 }));
  const walked = { entries: 0 };
  console.log(row(pagesOfFile, 'walking-nonlinear', [walkingNonlinear(walked), ...shipped], walked));
}
