import { attachCpu, driveJob } from '../../../src/smp/index.js';
import { evacuatorFor } from './evacuators.js';
import type { LoadOnCue, Offline, StoreLate } from './parts.js';
import {
  awaitCue,
  CUE_END,
  CUE_GO_ON,
  CUE_JOB_ENDED,
  CUE_LOADED,
  CUE_STORE,
  CUE_STORED,
  CUE_TRANSLATED,
  CUE_UNMAPPED,
  giveCue,
  hasCome,
} from './stage.js';

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

export function loadOnCue({ shared, stage, cpu: id, mm, vpn, word }: LoadOnCue): number {
  const cpu = attachCpu(shared, id);
  awaitCue(stage, CUE_UNMAPPED);
  cpu.online();
  const value = cpu.load(mm, vpn, word);
  cpu.offline();
  giveCue(stage, CUE_LOADED);
  return value;
}

export async function offline({ shared, stage, cpu: id, block, protocol, stopsUnmapped }: Offline): Promise<string> {
  const cpu = attachCpu(shared, id);
  let unmapped = false;
  const evacuator = await evacuatorFor(cpu, protocol, () => {
    unmapped = true;
  });
  const onPause = (): void => {
    if (stopsUnmapped !== true || !unmapped || hasCome(stage, CUE_UNMAPPED)) return;
    giveCue(stage, CUE_UNMAPPED);
    awaitCue(stage, CUE_GO_ON);
  };
  const end = driveJob(cpu, evacuator.offline({ blocks: [block] }), { onPause });
  giveCue(stage, CUE_JOB_ENDED);
  evacuator.dispose();
  return end.ended === 'finished' ? end.result.outcome : end.ended;
}
