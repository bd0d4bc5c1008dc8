import { describe, expect, it } from '@jest/globals';
import { ptePayload } from '../../src/mm/pte.js';
import { writePage } from '../../src/sim/access.js';
import { createProcess, mapMemory, VM_WRITE } from '../../src/sim/address-space.js';
import { drainLruAdd } from '../../src/sim/page-allocator.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { validateMachine } from '../../src/sim/validate.js';
import { shareMachine } from '../../src/smp/index.js';
import { play } from './threads/crew.js';
import { BLOCK_PAGES, machineForThreads } from './threads/machines.js';
import {
  awaitCue,
  CUE_END,
  CUE_JOB_ENDED,
  CUE_STORE,
  CUE_STORED,
  CUE_TRANSLATED,
  createStage,
  giveCue,
  hasCome,
} from './threads/stage.js';
import type { Protocol } from './threads/unsafe-hosts.js';

const WORD = 7;
const VALUE = 0xfeed;

/**
 * A process translates an address; before it stores, a migrator moves the page, as far as the protocol lets it. Returns
 * whether the migrator waited, and what the process finds at the address in the end.
 */
async function storeWhilePageMoves(protocol: Protocol) {
  const machine = machineForThreads(8, 'bytes');
  const mm = createProcess(machine, 0);
  const vma = mapMemory(machine, mm, { start: 100, nrPages: 4, flags: VM_WRITE, file: 0, offset: 0 });
  expect(vma).toBeGreaterThan(0);
  writePage(machine, 0, mm, 101, 1, 2);
  drainLruAdd(machine);
  const source = ptePayload(pteOf(machine, mm, 101));
  const shared = shareMachine(machine);
  const stage = createStage();
  const process = play({ role: 'storeLate', shared, stage, cpu: 1, mm, vpn: 101, word: WORD, value: VALUE });
  awaitCue(stage, CUE_TRANSLATED);
  const block = Math.floor(source / BLOCK_PAGES);
  const migrator = play({ role: 'offline', shared, stage, cpu: 0, block, protocol });
  if (protocol !== 'safe') awaitCue(stage, CUE_JOB_ENDED);
  else await new Promise((r) => setTimeout(r, 1500));
  const waited = !hasCome(stage, CUE_JOB_ENDED);
  giveCue(stage, CUE_STORE);
  const stored = awaitCue(stage, CUE_STORED);
  const ended = awaitCue(stage, CUE_JOB_ENDED);
  giveCue(stage, CUE_END);
  const outcome = await migrator.done;
  expect(await process.done).toBe(source);
  const target = ptePayload(pteOf(machine, mm, 101));
  return {
    waited,
    outcome,
    stored,
    ended,
    moved: target !== source,
    found: machine.contents[target * 1024 + WORD],
    broken: validateMachine(machine),
  };
}

describe('a store that was translated before its page moved', () => {
  it('arrives', async () => {
    const r = await storeWhilePageMoves('safe');
    expect(r).toMatchObject({ waited: true, outcome: 'done', moved: true, found: VALUE, broken: [] });
  });
  it.each(['no-shootdown', 'copy-then-switch'] as const)('is lost with %s', async (protocol) => {
    const r = await storeWhilePageMoves(protocol);
    expect(r).toMatchObject({ waited: false, outcome: 'done', moved: true });
    expect(r.found).not.toBe(VALUE);
  });
});
