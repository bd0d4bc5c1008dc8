import { readFileSync } from 'node:fs';
import {
  createEvacuator,
  formatPages,
  formatPfn,
  loadShippedPlugins,
  machineFromScenario,
  parseScenario,
  runToEnd,
  simModule,
} from 'vacate';

// Makes free blocks of 2 MiB on a machine whose free memory lies in crumbs, with as few moves as can be.
// After `npm run build`: node dist/examples/make-high-order-blocks.js

const ORDER = 9;
const COUNT = 16;

const path = process.argv[2] ?? 'examples/scenarios/fragmented.yaml';
const machine = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
const evacuator = createEvacuator({ host: simModule(machine), plugins: await loadShippedPlugins() });
console.log(`wanted: ${COUNT} free blocks of order ${ORDER}, ${formatPages(2 ** ORDER)} each`);

const result = runToEnd(evacuator.highOrder({ order: ORDER, count: COUNT }));

console.log(`before: ${result.freeBefore}, and ${result.candidates} that could be emptied`);
console.log(`${result.outcome}: ${result.made} more, for ${result.pagesMigrated} pages moved`);
console.log(`the ${COUNT} emptiest blocks hold ${result.lowerBound} pages: nobody does it with fewer moves`);
const [first] = result.ranges;
if (first !== undefined) console.log(`the first of them starts at ${formatPfn(first.start)}`);
for (const refusal of result.refusals) console.log(`  ${refusal.pages} pages: ${refusal.because}`);
evacuator.dispose();
