import { describe, expect, it } from '@jest/globals';
import { PG_ISOLATED, PG_LOCKED } from '../../src/mm/page-flags.js';
import { ptePayload } from '../../src/mm/pte.js';
import { writePage } from '../../src/sim/access.js';
import { createProcess, mapMemory, VM_WRITE } from '../../src/sim/address-space.js';
import { createFile } from '../../src/sim/files.js';
import type { Machine } from '../../src/sim/machine.js';
import { drainLruAdd } from '../../src/sim/page-allocator.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { validateMachine } from '../../src/sim/validate.js';
import { attachCpu, killCpu, type SharedMachine, shareMachine, stopAll } from '../../src/smp/index.js';
import { play } from './threads/crew.js';
import { BLOCK_PAGES, machineForThreads } from './threads/machines.js';
import type { Accessed, Mingled, Roamed } from './threads/parts.js';
import {
  awaitCue,
  CUE_END,
  CUE_ENOUGH,
  CUE_GO_ON,
  CUE_JOB_ENDED,
  CUE_LOADED,
  CUE_READY,
  CUE_STORE,
  CUE_STORED,
  CUE_TRANSLATED,
  CUE_UNMAPPED,
  createStage,
  giveCue,
  hasCome,
  sleepsOnEntry,
  sleepsOnShootdown,
  until,
} from './threads/stage.js';
import type { Protocol } from './threads/unsafe-hosts.js';

const PATIENCE_MS = 300_000;
const FIRST_VPN = 512;
const WORD = 7;
const VALUE = 0xfeed;
const MIGRATOR = 0;
const PROCESS = 1;

function threadedProcess(machine: Machine, nrPages: number): number {
  const mm = createProcess(machine, 0);
  mapMemory(machine, mm, { start: FIRST_VPN, nrPages, flags: VM_WRITE, file: 0, offset: 0 });
  return mm;
}

/** A process with one page in memory, and the block that has it. */
function onePage(): { machine: Machine; mm: number; frame: number; block: number } {
  const machine = machineForThreads(6, 'bytes');
  const mm = threadedProcess(machine, 1);
  writePage(machine, 0, mm, FIRST_VPN, 1, 2);
  drainLruAdd(machine);
  const frame = ptePayload(pteOf(machine, mm, FIRST_VPN));
  return { machine, mm, frame, block: Math.floor(frame / BLOCK_PAGES) };
}

function wordAt(machine: Machine, frame: number): number {
  return machine.contents[frame * machine.contentWords + WORD]!;
}

/**
 * The worst moment, forced: a process has translated an address and not stored yet when a migrator moves the page as far
 * as the protocol lets it. It either ends its job, or sleeps in the shootdown; then the process stores.
 */
async function storeWhilePageMoves(protocol: Protocol) {
  const { machine, mm, frame, block } = onePage();
  const shared = shareMachine(machine);
  const stage = createStage();
  const page = { mm, vpn: FIRST_VPN, word: WORD };
  const process = play({ role: 'storeLate', shared, stage, cpu: PROCESS, ...page, value: VALUE });
  awaitCue(stage, CUE_TRANSLATED);
  const migrator = play({ role: 'offline', shared, stage, cpu: MIGRATOR, block, protocol });
  until(() => hasCome(stage, CUE_JOB_ENDED) || sleepsOnShootdown(shared, MIGRATOR));
  const waits = !hasCome(stage, CUE_JOB_ENDED);
  giveCue(stage, CUE_STORE);
  const arrivesFirst = awaitCue(stage, CUE_STORED) < awaitCue(stage, CUE_JOB_ENDED);
  giveCue(stage, CUE_END);
  const outcome = await migrator.done;
  expect(await process.done).toBe(frame);
  const target = ptePayload(pteOf(machine, mm, FIRST_VPN));
  expect(target).not.toBe(frame);
  return { waits, arrivesFirst, outcome, isLost: wordAt(machine, target) !== VALUE, broken: validateMachine(machine) };
}

describe('a store that was translated before its page moved', () => {
  it(
    'arrives: the migrator waits for the CPU',
    async () => {
      const right = { waits: true, arrivesFirst: true, outcome: 'done', isLost: false, broken: [] };
      expect(await storeWhilePageMoves('safe')).toEqual(right);
    },
    PATIENCE_MS,
  );

  it.each(['no-shootdown', 'copy-then-switch'] as const)(
    'is lost with %s',
    async (protocol) => {
      const wrong = { waits: false, arrivesFirst: false, outcome: 'done', isLost: true };
      expect(await storeWhilePageMoves(protocol)).toMatchObject(wrong);
    },
    PATIENCE_MS,
  );
});

describe('an access to a page on its way', () => {
  it(
    'sleeps on the migration entry, and finds the page where it has arrived',
    async () => {
      const { machine, mm, frame, block } = onePage();
      machine.contents[frame * machine.contentWords + WORD] = VALUE;
      const shared = shareMachine(machine);
      const stage = createStage();
      const page = { mm, vpn: FIRST_VPN, word: WORD };
      const process = play({ role: 'loadOnCue', shared, stage, cpu: PROCESS, ...page });
      const job = { role: 'offline', block, protocol: 'safe', stopsUnmapped: true } as const;
      const migrator = play({ ...job, shared, stage, cpu: MIGRATOR });
      until(() => sleepsOnEntry(shared, PROCESS));
      expect(hasCome(stage, CUE_LOADED)).toBe(false);
      giveCue(stage, CUE_GO_ON);
      expect([await migrator.done, await process.done]).toEqual(['done', VALUE]);
      expect(ptePayload(pteOf(machine, mm, FIRST_VPN))).not.toBe(frame);
      expect(hasCome(stage, CUE_UNMAPPED)).toBe(true);
    },
    PATIENCE_MS,
  );
});

/** What nobody may have in hand when all threads have ended. */
function leftInHand(machine: Machine): number {
  let nr = 0;
  for (const flags of machine.flags) if ((flags & (PG_ISOLATED | PG_LOCKED)) !== 0) nr++;
  return nr;
}

const sleepMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a thread that is ended while it uses memory', () => {
  it(
    'holds nobody up, and another can take its place',
    async () => {
      const machine = machineForThreads(8, 'bytes');
      const mm = threadedProcess(machine, 1024);
      const shared = shareMachine(machine);
      const memory = { mm, firstVpn: FIRST_VPN, nrPages: 1024, firstWord: 2, nrWords: 2 };
      const stage = createStage();
      const victim = play({ role: 'access', shared, stage, cpu: PROCESS, ...memory });
      awaitCue(stage, CUE_TRANSLATED);
      const blocks = [2, 3, 4, 5, 6, 7];
      const roaming = {
        role: 'roam',
        shared,
        stage,
        cpu: MIGRATOR,
        protocol: 'safe',
        blocks,
        duty: 1,
        warmUpPages: 0,
      } as const;
      const migrator = play(roaming);
      awaitCue(stage, CUE_READY);
      await killCpu(shared, PROCESS, () => victim.worker.terminate());
      const next = createStage();
      const heir = play({ role: 'access', shared, stage: next, cpu: PROCESS, ...memory });
      awaitCue(next, CUE_TRANSLATED);
      await sleepMs(300);
      stopAll(shared);
      const { wrong, accesses } = (await heir.done) as Accessed;
      const { migrated } = (await migrator.done) as Roamed;
      expect({ wrong, broken: validateMachine(machine), inHand: leftInHand(machine) }).toEqual({
        wrong: 0,
        broken: [],
        inHand: 0,
      });
      expect(Math.min(migrated, accesses)).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});

const NR_THREADS = 2;
const NR_PAGES = 1024;

/** Every word of every page, read as another thread of the process would, is what its writer stored last. */
function wrongWords(shared: SharedMachine, mm: number, stored: Uint32Array): string[] {
  const cpu = attachCpu(shared, NR_THREADS + 2);
  cpu.online();
  const wrong: string[] = [];
  for (let page = 0; page < NR_PAGES; page++)
    for (let place = 0; place < NR_THREADS; place++) {
      const found = cpu.load(mm, FIRST_VPN + page, place);
      const expected = stored[page * NR_THREADS + place];
      if (found !== expected) wrong.push(`page ${page}, word ${place}: ${found}, not ${expected}`);
    }
  cpu.offline();
  return wrong;
}

describe('processes with all that processes do, while memory is taken off line and brought back', () => {
  it.each([
    ['a migrator', 1, 'bytes'],
    ['two migrators', 2, 'token'],
  ] as const)(
    'lose no word to %s',
    async (_name, nrMigrators, contents) => {
      const machine = machineForThreads(8, contents, 1024);
      const mm = threadedProcess(machine, NR_PAGES);
      for (let page = 0; page < NR_PAGES; page++) writePage(machine, 0, mm, FIRST_VPN + page, 0, 0);
      const file = createFile(machine, 48);
      const shared = shareMachine(machine);
      const stored = new Uint32Array(new SharedArrayBuffer(NR_PAGES * NR_THREADS * 4));
      const whose = {
        shared,
        mm,
        firstVpn: FIRST_VPN,
        nrPages: NR_PAGES,
        nrPlaces: NR_THREADS,
        stored,
        file,
        filePages: 48,
      };
      const stages = Array.from({ length: NR_THREADS + nrMigrators }, createStage);
      const processes = Array.from({ length: NR_THREADS }, (_, place) =>
        play({ role: 'mingle', ...whose, stage: stages[place]!, cpu: place, seed: 2004 + place, place }),
      );
      const migrators = Array.from({ length: nrMigrators }, (_, at) => {
        const blocks = [2, 3, 4, 5, 6, 7].filter((block) => block % nrMigrators === at);
        const stage = stages[NR_THREADS + at]!;
        return play({
          role: 'roam',
          shared,
          stage,
          cpu: NR_THREADS + at,
          protocol: 'safe',
          blocks,
          duty: 1,
          warmUpPages: 0,
        });
      });
      for (const stage of stages) awaitCue(stage, CUE_READY);
      await sleepMs(1500);
      until(() => stages.some((stage) => hasCome(stage, CUE_ENOUGH)));
      stopAll(shared);
      const mingled = (await Promise.all(processes.map(({ done }) => done))) as Mingled[];
      const roamed = (await Promise.all(migrators.map(({ done }) => done))) as Roamed[];
      expect(mingled.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(validateMachine(machine)).toEqual([]);
      expect(leftInHand(machine)).toBe(0);
      expect(wrongWords(shared, mm, stored)).toEqual([]);
      expect(roamed.reduce((sum, { migrated }) => sum + migrated, 0)).toBeGreaterThanOrEqual(1000);
      for (const { done } of mingled) expect(Object.keys(done).length).toBeGreaterThan(4);
    },
    PATIENCE_MS,
  );
});
