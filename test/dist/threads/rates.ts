import { readFileSync } from 'node:fs';
import { Prng } from '../../../src/base/prng.js';
import { attachCpu, type Cpu, driveJob } from '../../../src/smp/index.js';
import { nap } from '../../../src/smp/kernel-gate.js';
import { evacuatorFor } from './evacuators.js';
import type { Access, Accessed, Roam, Roamed, Timed } from './parts.js';
import { CUE_ENOUGH, CUE_READY, CUE_TRANSLATED, giveCue, hasCome } from './stage.js';

const ACCESSES_AT_ONCE = 4096;
/** A migrator that has moved so many has met everything that processes do. */
const ENOUGH_PAGES = 1000;

/** Milliseconds that a core has been this thread's. */
function cpuMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

function watch(): () => Timed {
  const since = performance.now();
  const cpuSince = cpuMs();
  return () => ({ ms: performance.now() - since, cpuMs: cpuMs() - cpuSince });
}

export function access(part: Access): Accessed {
  const { shared, stage, mm, firstVpn, nrPages, firstWord, nrWords } = part;
  const cpu = attachCpu(shared, part.cpu);
  const last = new Uint32Array(nrPages * nrWords);
  const prng = new Prng(part.cpu);
  cpu.online();
  for (let page = 0; page < nrPages; page++)
    for (let word = 0; word < nrWords; word++) cpu.store(mm, firstVpn + page, firstWord + word, 0);
  // Compiled before it is timed.
  accessMany(cpu, part, last, prng, ACCESSES_AT_ONCE * 32);
  giveCue(stage, CUE_TRANSLATED);
  const time = watch();
  let accesses = 0;
  let wrong = 0;
  while (!cpu.isStopped()) {
    wrong += accessMany(cpu, part, last, prng, ACCESSES_AT_ONCE);
    accesses += ACCESSES_AT_ONCE;
  }
  cpu.offline();
  return { accesses, wrong, ...time() };
}

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

export async function roam({ shared, stage, cpu: id, protocol, blocks, duty, warmUpPages }: Roam): Promise<Roamed> {
  const cpu = attachCpu(shared, id);
  const evacuator = await evacuatorFor(cpu, protocol);
  let time = watch();
  let [migrated, warm, done, refused] = [0, 0, 0, 0];
  let begun = performance.now();
  const onPause = (): void => {
    if (duty === 1) return;
    nap(cpu.control, ((performance.now() - begun) * (1 - duty)) / duty);
    begun = performance.now();
  };
  for (let turn = 0; !cpu.isStopped(); turn++) {
    if (migrated >= warmUpPages && !hasCome(stage, CUE_READY)) {
      time = watch();
      warm = migrated;
      giveCue(stage, CUE_READY);
    }
    if (migrated >= warm + ENOUGH_PAGES && !hasCome(stage, CUE_ENOUGH)) giveCue(stage, CUE_ENOUGH);
    const block = blocks[turn % blocks.length]!;
    const end = driveJob(cpu, evacuator.offline({ blocks: [block] }), { onPause });
    if (end.ended === 'stopped') break;
    migrated += end.result.pagesMigrated;
    if (end.result.outcome !== 'done') {
      refused++;
      continue;
    }
    done++;
    cpu.kernel(() => evacuator.host.onlineBlock(block));
  }
  evacuator.dispose();
  return { migrated: migrated - warm, done, refused, ...time() };
}
