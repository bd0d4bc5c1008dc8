import { jest } from '@jest/globals';
import type { GuestResult } from './agent-link.js';
import { bootGuest, type Guest } from './guest.js';
import type { GuestCommand } from './guest-command.js';
import { startWorkload } from './workloads.js';

/*
 * Memory goes offline under a real kernel, or does not and everything is as before. One machine, from what must leave
 * no trace to what takes a DIMM away.
 */

jest.setTimeout(900_000);

/** Before it writes anything, a run forecasts: a minute, emulated on a busy machine. */
const VACATE_MS_MAX = 400_000;

/** What the issue allows beyond a time limit. */
const GRACE_SECONDS = 2;

const MEMORY = '/sys/devices/system/memory';
const BLOCK_PAGES = 32_768;
const FIRST_DIMM = [32, 33, 34, 35];

let guest: Guest;

beforeAll(async () => {
  guest = await bootGuest({ kernel: '6.1', policy: 'online_movable' });
  await startWorkload(guest, 'light', 1);
});

afterAll(() => guest?.close());

/** States and zones of all blocks, as the kernel prints them. */
function blockStates(): Promise<string> {
  return guest.must(
    `cd ${MEMORY}; for block in memory[0-9]*; do echo $block $(cat $block/state $block/valid_zones); done`,
  );
}

interface Ended {
  readonly exitCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: it is looked at field by field
  readonly report: any;
  /** By the guest's clock, from before the first process to after the last. */
  readonly seconds: number;
}

/** Runs a command in the guest to its end, by the guest's clock. */
async function timed(command: string): Promise<GuestResult & { readonly seconds: number }> {
  const script = `read -r a rest < /proc/uptime; ${command}; code=$?; read -r b rest < /proc/uptime; echo "$a $b" >&2; exit $code`;
  const result = await guest.run(script, { timeoutMs: VACATE_MS_MAX });
  const [from, to] = (result.stderr.trim().split('\n').at(-1) as string).split(' ').map(Number) as [number, number];
  return { ...result, seconds: to - from };
}

/** Runs `vacate … --json` in the guest to its end. */
async function vacate(args: string): Promise<Ended> {
  const { stdout, stderr, exitCode, seconds } = await timed(`vacate ${args} --json`);
  if (stdout === '') throw new Error(`vacate ${args} ended with ${exitCode}: ${stderr}`);
  return { exitCode, report: JSON.parse(stdout), seconds };
}

/** A process that holds a page of the first DIMM by a pipe, so that its block never becomes empty. */
async function pin(): Promise<{ readonly holder: GuestCommand; readonly pfn: number; readonly block: number }> {
  const holder = guest.spawn('exec workload vmsplice --pages 1 --mib 4');
  await holder.said('ready');
  const pfn = Number(/pinned pfn (0x[0-9a-f]+)/.exec(holder.stdout)?.[1]);
  const block = Math.floor(pfn / BLOCK_PAGES);
  if (!FIRST_DIMM.includes(block))
    throw new Error(`the kernel has put the page into block ${block}, not into the DIMM`);
  return { holder, pfn, block };
}

async function letGo(holder: GuestCommand): Promise<void> {
  holder.signal('SIGTERM');
  await holder.ended;
}

describe('a block with a page that a pipe holds', () => {
  /** Most of which is the forecast. */
  let secondsOfARun: number;

  it('stalls, is interrupted, is as it was before, and the page is named', async () => {
    const { holder, pfn, block } = await pin();
    const before = await blockStates();
    const { exitCode, report, seconds } = await vacate(`offline live --blocks ${block},39 --stall 4s --commit`);
    secondsOfARun = seconds;
    expect(await blockStates()).toBe(before);
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ command: 'offline', committed: true, outcome: 'stalled', settled: true });
    const stalled = report.blocks.find((entry: { block: number }) => entry.block === block);
    expect(stalled.pfnsLeft).toContain(pfn);
    expect(JSON.stringify(report.explanation)).toContain(String(pfn));
    await letGo(holder);
  });

  it('is given up within two seconds of --timeout', async () => {
    const { holder, block } = await pin();
    const before = await blockStates();
    const node = await timed('node -e 0'); // before its own clock runs, and after it has ended
    const limit = Math.ceil(secondsOfARun * 1.3) + 5;
    const { exitCode, report, seconds } = await vacate(
      `offline live --blocks ${block} --stall 10m --timeout ${limit}s --commit`,
    );
    expect(await blockStates()).toBe(before);
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ outcome: 'timeout', settled: true });
    expect(report.writes).not.toEqual([]); // the kernel was asked, and had to be interrupted
    expect(seconds).toBeLessThan(limit + GRACE_SECONDS + node.seconds);
    await letGo(holder);
  });
});

describe('a run that is killed', () => {
  it('is undone by recover', async () => {
    const before = await blockStates();
    const killed = await guest.run(KILL_HALF_WAY, { timeoutMs: VACATE_MS_MAX });
    expect(killed).toMatchObject({ exitCode: 128 + 9 });
    const between = await blockStates();
    expect(between).toContain('offline');
    expect(between.match(/offline/g)?.length).toBeLessThan(4); // or it was not half way
    const { exitCode, report } = await vacate('recover');
    expect(report).toMatchObject({ command: 'recover' });
    expect(exitCode).toBe(0);
    expect(await blockStates()).toBe(before);
  });
});

/** Kills a run, but none of its children, as soon as one of its four blocks is offline; the exit code is the run's. */
const KILL_HALF_WAY = `cd ${MEMORY}
vacate offline live --dimm PNP0C80:01 --commit > /tmp/run.log 2>&1 &
run=$!
while kill -0 $run; do
  for block in 36 37 38 39; do
    read -r state < memory$block/state
    if [ "$state" = offline ]; then kill -9 $run; wait $run; exit; fi
  done
  usleep 20000
done
wait $run; code=$?; cat /tmp/run.log >&2; exit $code`;

describe('a DIMM', () => {
  it('goes offline and is ejected while a process writes and checks its memory: no byte is wrong', async () => {
    const writer = guest.spawn('exec workload writer --mib 160 --seed 7');
    await writer.said('ready');
    const { exitCode, report } = await vacate('offline live --dimm PNP0C80:00 --commit --eject');
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ outcome: 'done', committed: true });
    const moved = report.blocks.reduce((sum: number, entry: { pagesMigrated: number }) => sum + entry.pagesMigrated, 0);
    expect(moved).toBeGreaterThan(BLOCK_PAGES / 2); // some of which were the writer's, while it wrote
    await guest.must('sleep 1');
    const left = await guest.must(`cd ${MEMORY}; ls -d memory[0-9]*`);
    for (const block of FIRST_DIMM) expect(left).not.toContain(`memory${block}\n`);
    writer.signal('SIGTERM');
    const { stdout, exitCode: wrong } = await writer.ended;
    expect(stdout).toMatch(/rounds \d+ checked [1-9]\d+ wrong 0\n$/);
    expect(wrong).toBe(0);
  });
});
