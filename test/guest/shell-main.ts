import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { bootGuest } from './guest.js';

/*
 * Runs one command in a fresh guest: `npm run guest -- --kernel 6.1 -- vacate inspect live`. Output and exit code are
 * the command's. Ctrl-C, and whatever else ends this process, ends the guest.
 */

const USAGE = `Usage: npm run guest -- [--kernel 6.1|6.12] [--policy online_movable|online_kernel] [--cpus N] -- COMMAND…
  npm run guest -- -- vacate inspect live
  npm run guest -- --kernel 6.12 -- sh -c 'workload pinned & sleep 5; vacate forecast live'`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kernel: { type: 'string', default: '6.1' },
      policy: { type: 'string', default: 'online_movable' },
      cpus: { type: 'string', default: '2' },
      timeout: { type: 'string', default: '600' },
    },
  });
  const { kernel, policy } = values;
  const known = (kernel === '6.1' || kernel === '6.12') && (policy === 'online_movable' || policy === 'online_kernel');
  if (!known || positionals.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const started = Date.now();
  const guest = await bootGuest({ kernel, policy, cpus: Number(values.cpus) });
  console.error(`Linux ${guest.release} is up after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  try {
    const quoted = positionals.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const { stdout, stderr, exitCode } = await guest.run(quoted, { timeoutMs: Number(values.timeout) * 1000 });
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    return exitCode;
  } finally {
    await guest.close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(128 + constants.signals[signal])); // which leaves nothing behind
process.exitCode = await main();
