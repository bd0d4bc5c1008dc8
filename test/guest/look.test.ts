import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { readCapture } from '../../src/capture/index.js';
import type { MachineImage } from '../../src/mm/machine-image.js';
import { PG_ACTIVE, PG_BUDDY, PG_NOPAGE, PG_PCP, PG_REFERENCED } from '../../src/mm/page-flags.js';
import { takeCapture } from './capture-set.js';
import { bootGuest, type Guest } from './guest.js';
import { startWorkload } from './workloads.js';

/*
 * What only looks, on one machine with pages of many kinds, and compaction, which moves pages and takes none away.
 */

jest.setTimeout(600_000);

const VACATE_MS_MAX = 400_000;

/** Whoever runs a program touches its pages, and those of libraries. */
const MARKS_OF_USE = PG_REFERENCED | PG_ACTIVE;
const NOT_IN_USE = PG_BUDDY | PG_NOPAGE | PG_PCP;

/** Pages in use whose flags may differ between two looks at a machine on which a few programs run, in 1000. */
const CHANGED_PER_MILLE_MAX = 10;

let guest: Guest;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-look-'));
  guest = await bootGuest({ kernel: '6.1', policy: 'online_movable', cpus: 1 });
});

afterAll(async () => {
  await guest?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `vacate … --json` in the guest. */
async function vacate(args: string) {
  const { stdout, stderr, exitCode } = await guest.run(`vacate ${args} --json`, { timeoutMs: VACATE_MS_MAX });
  if (exitCode !== 0) throw new Error(`vacate ${args} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

describe('vacate high-order', () => {
  beforeAll(async () => {
    // What kcompactd moved by itself before the job would not be there for the job to move.
    await guest.must('echo 0 > /proc/sys/vm/compaction_proactiveness');
    await startWorkload(guest, 'gaps', 1);
  });

  it('asks the kernel for compaction, and measures what it did beside what was forecast', async () => {
    const before = await vmstat();
    const report = await vacate('high-order live --commit');
    const after = await vmstat();
    expect(report).toMatchObject({
      committed: true,
      outcome: 'done',
      order: 9,
      measured: { outcome: 'done', error: null },
    });
    const { counted } = report.measured;
    for (const name of ['pgmigrate_success', 'compact_migrate_scanned', 'compact_free_scanned']) {
      expect({ name, counted, isMore: counted[name] > 0 }).toMatchObject({ isMore: true });
      expect(counted[name]).toBeLessThanOrEqual(after(name) - before(name));
    }
    // How many blocks it makes is its affair: our own process has filled many of the gaps. That none is lost is not.
    for (const zone of report.measured.zones) expect(zone.freeAfter).toBeGreaterThanOrEqual(zone.freeBefore);
  });
});

describe('vacate capture', () => {
  let ours: MachineImage;
  let theirs: MachineImage;

  beforeAll(async () => {
    await startWorkload(guest, 'look', 1);
    const report = await vacate('capture --out /data/capture');
    expect(report).toMatchObject({ command: 'capture', kernel: guest.release });
    expect(report.consistency.after.pgalloc).toBeGreaterThanOrEqual(report.consistency.before.pgalloc);
    mkdirSync(join(folder, 'ours'));
    await guest.copyOut('/data/capture', join(folder, 'ours'));
    await takeCapture(guest, join(folder, 'theirs'));
    ours = readCapture(join(folder, 'ours'));
    theirs = readCapture(join(folder, 'theirs'));
  });

  it('says the same blocks, zones and DIMMs as the files of the guest', () => {
    expect(ours.blocks).toEqual(theirs.blocks);
    expect(ours.zones.map(({ start, end }) => ({ start, end }))).toEqual(
      theirs.zones.map(({ start, end }) => ({ start, end })),
    );
    const blocksOf = ({ range }: (typeof ours.dimms)[number]) => [
      range.start / ours.blockPages,
      range.end / ours.blockPages,
    ];
    expect(ours.dimms.map(blocksOf)).toEqual([
      [32, 36],
      [36, 40],
    ]);
    expect(readFileSync(join(folder, 'ours/kernel'), 'utf8').trim()).toBe(guest.release);
  });

  it('says the same as a plain cat of the pages in use, but for what has changed meanwhile', () => {
    expect(ours.nrPfns).toBe(theirs.nrPfns);
    let used = 0;
    let changed = 0;
    for (let pfn = 0; pfn < ours.nrPfns; pfn++) {
      const [flags, others] = [ours.flags[pfn]!, theirs.flags[pfn]!];
      if (((flags | others) & NOT_IN_USE) !== 0) continue; // our own process used some, and is gone
      used++;
      if (((flags ^ others) & ~MARKS_OF_USE) !== 0) changed++;
    }
    expect(used).toBeGreaterThan(50_000);
    expect((changed * 1000) / used).toBeLessThan(CHANGED_PER_MILLE_MAX);
  });
});

/** The guest's counters, by name, as they are now. */
async function vmstat(): Promise<(name: string) => number> {
  const text = await guest.must('cat /proc/vmstat');
  return (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
