import { readFileSync } from 'node:fs';
import {
  BLOCK_STATE_NAMES,
  blocksOf,
  compareLedger,
  createEvacuator,
  formatPages,
  loadShippedPlugins,
  machineFromScenario,
  nrPagesIn,
  ofKind,
  parseScenario,
  runToEnd,
  simModule,
  takeLedger,
} from 'vacate';

// Takes a DIMM of a simulated machine offline, and makes sure that nobody lost a byte by it.
// After `npm run build`: node dist/examples/offline-a-dimm.js

const path = process.argv[2] ?? 'examples/scenarios/two-dimms.yaml';
const machine = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
const evacuator = createEvacuator({ host: simModule(machine), plugins: await loadShippedPlugins() });

const { dimms, blockPages } = evacuator.host.layout;
const dimm = dimms.find(({ name }) => name === 'dimm1');
if (dimm === undefined) throw new Error('the scenario has no dimm1');
const blocks = blocksOf(dimm.range, blockPages);
console.log(`${dimm.name} holds ${formatPages(nrPagesIn(dimm.range))} in memory blocks ${blocks.join(', ')}`);

// Observables announce what happens; nobody has to listen.
evacuator.ranges$.pipe(ofKind('block-state')).subscribe(({ block, state }) => {
  console.log(`  memory block ${block} is ${BLOCK_STATE_NAMES[state]}`);
});

// What every process reads, and every page of a file, before and after.
const ledger = takeLedger(machine);
const result = runToEnd(evacuator.offline({ blocks }));
const { pages, wrong } = compareLedger(machine, ledger);

console.log(`${dimm.name}: ${result.outcome}, ${result.pagesMigrated} pages moved`);
for (const refusal of result.refusals) console.log(`  ${refusal.pages} pages stay: ${refusal.because}`);
console.log(`${pages} pages read again, ${wrong} of them read something else`);
evacuator.dispose();
