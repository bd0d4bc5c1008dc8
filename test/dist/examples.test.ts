import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';

/* The examples as a reader runs them: built, by plain node, from the top of the tree. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What an example prints must match, line by line. */
const EXAMPLES: Readonly<Record<string, readonly RegExp[]>> = {
  'offline-a-dimm': [
    /^dimm1 holds 64 MiB in memory blocks (\d+, )+\d+$/,
    /^ {2}memory block \d+ is offline$/,
    /^dimm1: done, \d{4,} pages moved$/,
    /^\d{4,} pages read again, 0 of them read something else$/,
  ],
  'make-high-order-blocks': [
    /^wanted: 16 free blocks of order 9, 2 MiB each$/,
    /^before: \d+, and \d+ that could be emptied$/,
    /^done: 16 more, for \d+ pages moved$/,
    /^the 16 emptiest blocks hold \d+ pages: nobody does it with fewer moves$/,
    /^the first of them starts at pfn:0x[0-9a-f]+00$/,
  ],
  'stop-a-job': [
    /^stopped while migrating, \d{4} of \d{4,} pages: the client hung up$/,
    /^the blocks of dimm1 are online, 0 invariants are broken$/,
    /^0 pages read something else$/,
    /^run again: done, \d{4,} pages were left to move; \d+ pauses, the last "migrating \d+\/\d+"$/,
    /^the blocks of dimm1 are offline, 0 pages read something else$/,
  ],
  'watch-refusals': [
    /^\d{3,} pages went, the others did not:$/,
    /^ {2}\d+ nonlinear-mapping \(permanent\): its file is mapped through a nonlinear VMA/,
    /^ {2}\d+ pinned \(retry\): /,
    /^ {2}\d+ reserved \(permanent\): /,
    /^ {2}\d+ unmovable \(permanent\): /,
    /^ {2}512 reserved \(retry\): unused, but a file has been promised it/,
    /^in a nonlinear mapping: (pfn:0x[0-9a-f]+, )+pfn:0x[0-9a-f]+$/,
  ],
  'custom-handler/run': [
    /^the ring has 64 pages, 3 of them in a transfer$/,
    /^dimm0: refused$/,
    /^ {2}3 pages: the device is transferring it \(ring-buffer, dma-active, retry\)$/,
    /^ {2}a transfer completes, [012] are left$/,
    /^dimm0: done, \d{3,} pages moved$/,
    /^the card's descriptors lead to 64 pages of the ring; 0 invariants are broken$/,
  ],
  'custom-services': [
    /^by a clock of our own: .*its time of 50 ms was up/,
    /^done, with \d{4,} targets of our own; 0 invariants are broken$/,
    /^leaves-alone made 0 blocks$/,
    /^Clock is bound 2 times; to replace it write rebind\(Clock\) in a module of "modules", not bind\(Clock\)$/,
    /^nothing is bound to Planner; give createEvacuator a module that binds it, or leave vacate its own$/,
  ],
  'nonlinear-handler/run': [
    /^ +file handler +outcome +moved +entries +µs\/page +wrong$/,
    /^ +(64|512|4096) nonlinear +refused +0 +0 +0\.0 +0$/,
    /^ +64 walking-nonlinear +done +64 +128 +1\.3 +0$/,
    /^ +512 walking-nonlinear +done +512 +1024 +5\.8 +0$/,
    /^ +4096 walking-nonlinear +done +4096 +8192 +41\.7 +0$/,
  ],
  'custom-strategy/run': [
    /^merged +64 blocks, \d\.\d pages moved for each, 0 wrong$/,
    /^cheapest-range +64 blocks, \d\.\d pages moved for each, 0 wrong$/,
    /^buddy-pairs +64 blocks, \d\.\d pages moved for each, 0 wrong$/,
  ],
};

jest.setTimeout(300_000);

/** Modules that an example consists of, besides the program. */
const PARTS = ['custom-handler/ring-buffer', 'custom-strategy/buddy-pairs', 'nonlinear-handler/walking-nonlinear'];
const LINES_MAX = 90;

/** Runs one from the top of the tree; an exit code other than 0 rejects. */
async function run(example: string): Promise<{ readonly lines: string[]; readonly errors: string }> {
  const program = `${ROOT}dist/examples/${example}.js`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { cwd: ROOT });
  return { lines: stdout.trimEnd().split('\n'), errors: stderr };
}

describe('the example', () => {
  it.each(Object.entries(EXAMPLES))('%s does what it says, every time', async (example, expected) => {
    const [first, second] = await Promise.all([run(example), run(example)]);
    expect(first.errors).toBe('');
    for (const pattern of expected) expect(first.lines).toContainEqual(expect.stringMatching(pattern));
    const surprising = first.lines.filter((line) => !expected.some((pattern) => pattern.test(line)));
    expect(surprising).toEqual([]);
    expect(second).toEqual(first);
  });

  it.each([...Object.keys(EXAMPLES), ...PARTS])('%s can be read at a glance', (example) => {
    const lines = readFileSync(`${ROOT}examples/${example}.ts`, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeLessThan(LINES_MAX);
  });
});

it('no example is left out here', () => {
  const found = readdirSync(`${ROOT}examples`, { recursive: true, encoding: 'utf8' });
  const programs = found.filter((path) => path.endsWith('.ts')).map((path) => path.replace(/\.ts$/, ''));
  expect(programs.sort()).toEqual([...Object.keys(EXAMPLES), ...PARTS].sort());
});
