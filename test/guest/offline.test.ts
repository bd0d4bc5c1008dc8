import { jest } from '@jest/globals';
import { bootGuest, type Guest } from './guest.js';
import type { GuestCommand } from './guest-command.js';
import { startWorkload } from './workloads.js';

/*
 * Memory goes offline under a real kernel, or does not and everything is as before. One machine, from what must leave
 * no trace to what takes a DIMM away.
 */

jest.setTimeout(600_000);

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

/** Runs `vacate … --json` in the guest to its end. */
async function vacate(args: string): Promise<Ended> {
  const timed = `read -r a rest < /proc/uptime; vacate ${args} --json; code=$?; read -r b rest < /proc/uptime; echo "$a $b" >&2; exit $code`;
  const { stdout, stderr, exitCode } = await guest.run(timed, { timeoutMs: VACATE_MS_MAX });
  const [from, to] = (stderr.trim().split('\n').at(-1) as string).split(' ').map(Number) as [number, number];
  if (stdout === '') throw new Error(`vacate ${args} ended with ${exitCode}: ${stderr}`);
  return { exitCode, report: JSON.parse(stdout), seconds: to - from };
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
  it('stalls, is interrupted, is as it was before, and the page is named', async () => {
    const { holder, pfn, block } = await pin();
    const before = await blockStates();
    const { exitCode, report } = await vacate(`offline live --blocks ${block},39 --stall 4s --commit`);
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
    const forecast = await vacate(`offline live --blocks ${block}`);
    const limit = Math.ceil(forecast.seconds * 1.5) + 5;
    const { exitCode, report, seconds } = await vacate(
      `offline live --blocks ${block} --stall 10m --timeout ${limit}s --commit`,
    );
    expect(await blockStates()).toBe(before);
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ outcome: 'timeout', settled: true });
    expect(report.writes).not.toEqual([]); // the kernel was asked, and had to be interrupted
    expect(seconds).toBeLessThan(limit + GRACE_SECONDS);
    await letGo(holder);
  });
});

describe('a run that is killed', () => {
  it('is undone by recover', async () => {
    const { holder, block } = await pin();
    const before = await blockStates();
    const run = guest.spawn(`exec vacate offline live --blocks 39,38,${block} --stall 10m --commit`);
    await untilOffline(1);
    await guest.must('kill -9 $(pidof node)');
    expect((await run.ended).exitCode).toBe(128 + 9);
    expect(await blockStates()).not.toBe(before);
    const { exitCode, report } = await vacate('recover');
    expect(report).toMatchObject({ command: 'recover' });
    expect(exitCode).toBe(0);
    expect(await blockStates()).toBe(before);
    await letGo(holder);
  });
});

/** Waits until so many blocks are offline. */
async function untilOffline(count: number): Promise<void> {
  await guest.must(`until [ $(cat ${MEMORY}/memory*/state | grep -c '^offline') -ge ${count} ]; do sleep 0.2; done`, {
    timeoutMs: VACATE_MS_MAX,
  });
}

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
