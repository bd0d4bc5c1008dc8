import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Attempt, attemptOffline, offlineTable, onlineBlocks, takeCapture } from './capture-set.js';
import { bootGuest } from './guest.js';
import { startWorkload, WORKLOAD_NAMES } from './workloads.js';

/*
 * Makes a set of captures with what a real kernel did next: boots a guest, fills its memory, and asks for each memory
 * block in turn to go offline, with a capture just before. Deterministic as far as the guest's input goes; which page
 * the kernel takes for what is its own affair.
 */

const USAGE = `Usage: npm run guest:captures -- --out DIR [--kernel 6.1|6.12] [--policy online_movable|online_kernel]
  [--workload ${WORKLOAD_NAMES.join('|')}] [--seed N]`;

/** It holds the kernel's first pages, reserved ones among them, in more than one zone: asking for it shows nothing. */
const FIRST_BLOCK = 'memory0';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      kernel: { type: 'string', default: '6.1' },
      policy: { type: 'string', default: 'online_movable' },
      workload: { type: 'string', default: 'mixed' },
      seed: { type: 'string', default: '1' },
    },
  });
  const { out, kernel, policy, workload } = values;
  const seed = Number(values.seed);
  const known = (kernel === '6.1' || kernel === '6.12') && (policy === 'online_movable' || policy === 'online_kernel');
  if (!known || out === undefined || !WORKLOAD_NAMES.includes(workload) || !Number.isSafeInteger(seed)) {
    console.error(USAGE);
    return 2;
  }
  if (existsSync(out)) {
    console.error(`${out} is there already: name a folder that is not`);
    return 2;
  }
  const guest = await bootGuest({ kernel, policy });
  try {
    await startWorkload(guest, workload, seed);
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'kernel'), `${guest.release}\n`);
    writeFileSync(join(out, 'policy'), `${policy}\n`);
    const attempts: Attempt[] = [];
    for (const block of await onlineBlocks(guest)) {
      if (block === FIRST_BLOCK) continue;
      const folder = join(out, `before-${block}`);
      await takeCapture(guest, folder);
      attempts.push(await attemptOffline(guest, block, folder));
      writeFileSync(join(out, 'offline.tsv'), offlineTable(attempts));
      console.error(`${block}: ${attempts.at(-1)?.result}`);
    }
    return 0;
  } finally {
    await guest.close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(128 + constants.signals[signal])); // which leaves no guest behind
process.exitCode = await main();
