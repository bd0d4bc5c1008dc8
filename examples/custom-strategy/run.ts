import { readFileSync } from 'node:fs';
import {
  compareLedger,
  createEvacuator,
  loadShippedPlugins,
  machineFromScenario,
  parseScenario,
  runToEnd,
  simModule,
  takeLedger,
} from 'vacate';
import buddyPairs from './buddy-pairs.js';

// Runs a strategy of one's own beside the shipped ones, on machines that are alike to the last page.
// After `npm run build`: node dist/examples/custom-strategy/run.js
// The same on the command line:
//   vacate compare examples/scenarios/fragmented.yaml --strategy-module ./dist/examples/custom-strategy/buddy-pairs.js

const file = 'examples/scenarios/fragmented.yaml';
const scenario = parseScenario(readFileSync(file, 'utf8'), file);
const plugins = await loadShippedPlugins();

for (const strategy of ['merged', 'cheapest-range', 'buddy-pairs']) {
  const machine = machineFromScenario(scenario);
  const before = takeLedger(machine);
  const { highOrder } = createEvacuator({ host: simModule(machine), plugins, strategies: [buddyPairs] });
  const { made, pagesMigrated } = runToEnd(highOrder({ order: 4, count: 64 }, strategy));
  const { wrong } = compareLedger(machine, before);
  console.log(
    `${strategy.padEnd(15)} ${made} blocks, ${(pagesMigrated / Math.max(made, 1)).toFixed(1)} pages moved for each, ${wrong} wrong`,
  );
}
