import { Prng } from '../../../src/base/prng.js';
import { createEvacuator, type Evacuator } from '../../../src/container/create-evacuator.js';
import { loadShippedPlugins } from '../../../src/container/load-plugins.js';
import { attachCpu, type Cpu, driveJob, type SharedMachine, smpModule } from '../../../src/smp/index.js';
import { nap } from '../../../src/smp/kernel-gate.js';
import {
  awaitCue,
  CUE_END,
  CUE_JOB_ENDED,
  CUE_READY,
  CUE_STORE,
  CUE_STORED,
  CUE_TRANSLATED,
  giveCue,
  hasCome,
  type Stage,
} from './stage.js';
import { hostFor, type Protocol } from './unsafe-hosts.js';

/** What a thread of a test is told: whom it plays, and with what. */
export interface Part {
  readonly role: 'storeLate' | 'offline' | 'access' | 'roam';
  readonly shared: SharedMachine;
  readonly stage: Stage;
  readonly cpu: number;
}

/** Translates, waits for its cue, and only then stores: a CPU that is held up in the worst place. */
export interface StoreLate extends Part {
  readonly role: 'storeLate';
  readonly mm: number;
  readonly vpn: number;
  readonly word: number;
  readonly value: number;
}

export function storeLate({ shared, stage, cpu: id, mm, vpn, word, value }: StoreLate): number {
  const cpu = attachCpu(shared, id);
  const { contents, contentWords } = cpu.machine;
  cpu.online();
  const pfn = cpu.translate(mm, vpn, true);
  giveCue(stage, CUE_TRANSLATED);
  awaitCue(stage, CUE_STORE);
  contents[pfn * contentWords + word] = value;
  giveCue(stage, CUE_STORED);
  while (!hasCome(stage, CUE_END)) cpu.answer();
  cpu.offline();
  return pfn;
}

/** Takes a block off line with one protocol or another. */
export interface Offline extends Part {
  readonly role: 'offline';
  readonly block: number;
  readonly protocol: Protocol;
}

export async function evacuatorFor(cpu: Cpu, protocol: Protocol): Promise<Evacuator> {
  return createEvacuator({ host: smpModule(cpu, (c) => hostFor(protocol, c)), plugins: await loadShippedPlugins() });
}

export async function offline({ shared, stage, cpu: id, block, protocol }: Offline): Promise<unknown> {
  const cpu = attachCpu(shared, id);
  const evacuator = await evacuatorFor(cpu, protocol);
  const end = driveJob(cpu, evacuator.offline({ blocks: [block] }));
  giveCue(stage, CUE_JOB_ENDED);
  return end.ended === 'finished' ? end.result.outcome : end.ended;
}

/** Writes and reads random words of memory that is its own, until it is told to stop. */
export interface Access extends Part {
  readonly role: 'access';
  readonly mm: number;
  readonly firstVpn: number;
  readonly nrPages: number;
  /** Words of a page that it leaves alone: free lists link through the first, which a stale store would break. */
  readonly firstWord: number;
  readonly nrWords: number;
}

export interface Accessed {
  readonly accesses: number;
  readonly ms: number;
  /** Loads that did not find what the thread had stored last. */
  readonly wrong: number;
}

export function access(part: Access): Accessed {
  const { shared, stage, mm, firstVpn, nrPages, firstWord, nrWords } = part;
  const cpu = attachCpu(shared, part.cpu);
  const last = new Uint32Array(nrPages * nrWords);
  const prng = new Prng(part.cpu);
  cpu.online();
  for (let page = 0; page < nrPages; page++)
    for (let word = 0; word < nrWords; word++) cpu.store(mm, firstVpn + page, firstWord + word, 0);
  giveCue(stage, CUE_TRANSLATED);
  const since = performance.now();
  let accesses = 0;
  let wrong = 0;
  while (!cpu.isStopped()) {
    wrong += accessMany(cpu, part, last, prng, ACCESSES_AT_ONCE);
    accesses += ACCESSES_AT_ONCE;
  }
  cpu.offline();
  return { accesses, ms: performance.now() - since, wrong };
}

const ACCESSES_AT_ONCE = 4096;

function accessMany(cpu: Cpu, part: Access, last: Uint32Array, prng: Prng, nr: number): number {
  const { mm, firstVpn, nrPages, firstWord, nrWords } = part;
  const { load, store } = cpu;
  let wrong = 0;
  for (let i = 0; i < nr; i++) {
    const draw = prng.uint32();
    const at = draw % (nrPages * nrWords);
    const page = Math.floor(at / nrWords);
    const word = firstWord + (at % nrWords);
    if ((draw & 0x8000_0000) !== 0) {
      last[at] = last[at]! + 1;
      store(mm, firstVpn + page, word, last[at]!);
    } else if (load(mm, firstVpn + page, word) !== last[at]) {
      wrong++;
      last[at] = load(mm, firstVpn + page, word);
    }
  }
  return wrong;
}

/** Takes blocks off line and brings them back, in turn, until it is told to stop. */
export interface Roam extends Part {
  readonly role: 'roam';
  readonly protocol: Protocol;
  readonly blocks: readonly number[];
  /** Share of the time that it works. */
  readonly duty: number;
}

export interface Roamed {
  readonly migrated: number;
  readonly ms: number;
  readonly refused: number;
}

export async function roam({ shared, stage, cpu: id, protocol, blocks, duty }: Roam): Promise<Roamed> {
  const cpu = attachCpu(shared, id);
  const evacuator = await evacuatorFor(cpu, protocol);
  giveCue(stage, CUE_READY);
  const since = performance.now();
  let migrated = 0;
  let refused = 0;
  let begun = since;
  const onPause = (): void => {
    if (duty === 1) return;
    const now = performance.now();
    nap(cpu.control, ((now - begun) * (1 - duty)) / duty);
    begun = performance.now();
  };
  for (let turn = 0; !cpu.isStopped(); turn++) {
    const block = blocks[turn % blocks.length]!;
    const end = driveJob(cpu, evacuator.offline({ blocks: [block] }), { onPause });
    if (end.ended === 'stopped') break;
    migrated += end.result.pagesMigrated;
    if (end.result.outcome === 'done') cpu.kernel(() => evacuator.host.onlineBlock(block));
    else refused++;
  }
  evacuator.dispose();
  return { migrated, refused, ms: performance.now() - since };
}

export type AnyPart = StoreLate | Offline | Access | Roam;
