import { readFileSync } from 'node:fs';
import {
  BLOCK_STATE_NAMES,
  blocksOf,
  compareLedger,
  createEvacuator,
  JobStopped,
  loadShippedPlugins,
  machineFromScenario,
  parseScenario,
  runJob,
  simModule,
  takeLedger,
} from 'vacate';

// Stops an evacuation on its way, as a server does whose client hangs up, and runs it again to its end.
// After `npm run build`: node dist/examples/stop-a-job.js

const path = process.argv[2] ?? 'examples/scenarios/two-dimms.yaml';
const machine = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
const { host, offline, pages$ } = createEvacuator({ host: simModule(machine), plugins: await loadShippedPlugins() });

const { dimms, blockPages } = host.layout;
const dimm = dimms.find(({ name }) => name === 'dimm1');
if (dimm === undefined) throw new Error('the scenario has no dimm1');
const blocks = blocksOf(dimm.range, blockPages);
const states = () => [...new Set(blocks.map((block) => BLOCK_STATE_NAMES[host.blockState(block)]))].join(', ');
const before = takeLedger(machine);

// In a server the signal is the request's; `runJob` lets timers and sockets have their turn, so that it can be aborted.
const client = new AbortController();
let settled = 0;
const subscription = pages$.subscribe(({ nrEvents }) => {
  settled += nrEvents;
  if (settled >= 2000) client.abort(new Error('the client hung up'));
});

try {
  await runJob(offline({ blocks }), { signal: client.signal, timeoutMs: 60_000 });
} catch (error) {
  if (!JobStopped.is(error)) throw error;
  const { reason, progress } = error;
  console.log(
    `stopped while ${progress.step}, ${progress.done} of ${progress.total} pages: ${(reason as Error).message}`,
  );
}
subscription.unsubscribe();

// Pages that had moved stay where they are; everything else was put back before the promise was rejected.
console.log(`the blocks of ${dimm.name} are ${states()}, ${host.validate().length} invariants are broken`);
console.log(`${compareLedger(machine, before).wrong} pages read something else`);

// A slice of no time lets others in at every pause, not every 20 ms.
const shown: string[] = [];
const { outcome, pagesMigrated } = await runJob(offline({ blocks }), {
  sliceMs: 0,
  onProgress: ({ step, done, total }) => {
    shown.push(`${step} ${done}/${total}`);
  },
});
console.log(
  `run again: ${outcome}, ${pagesMigrated} pages were left to move; ${shown.length} pauses, the last "${shown.at(-1)}"`,
);
console.log(
  `the blocks of ${dimm.name} are ${states()}, ${compareLedger(machine, before).wrong} pages read something else`,
);
