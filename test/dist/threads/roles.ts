import { createEvacuator, type Evacuator } from '../../../src/container/create-evacuator.js';
import { loadShippedPlugins } from '../../../src/container/load-plugins.js';
import { attachCpu, type Cpu, driveJob, type SharedMachine, smpModule } from '../../../src/smp/index.js';
import {
  awaitCue,
  CUE_END,
  CUE_JOB_ENDED,
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
  readonly role: 'storeLate' | 'offline';
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

export type AnyPart = StoreLate | Offline;
