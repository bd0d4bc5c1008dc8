import { parentPort, workerData } from 'node:worker_threads';
import { VacateError } from '../../base/vacate-error.js';
import { createJudge } from '../../container/create-judge.js';
import { loadShippedPlugins } from '../../container/load-plugins.js';
import { forecast, kernelSaid } from '../../forecast/index.js';
import { LinuxHost } from '../../linux/host/linux-host.js';
import { Interrupts } from '../interrupts.js';
import { readLive, treeOf } from '../open-live.js';
import { Progress, type Step } from '../progress.js';
import type { ForecastAnswer, ForecastQuestion } from './forecast-aside.js';

/*
 * A thread that makes one forecast of the host. Reading and judging all of its memory keeps a thread busy for seconds;
 * whoever asks stays free to hear Ctrl-C and to keep a time limit. Pages are judged as they were read: a simulated machine,
 * which takes as long again to build, is for those who want to move them.
 */

function post(answer: ForecastAnswer): void {
  parentPort?.postMessage(answer);
}

/** Shown by the thread that has the terminal. */
class PostedProgress extends Progress {
  override update(step: Step): void {
    post({ step });
  }

  override stop(): void {}
}

async function answer({ root, blocks }: ForecastQuestion): Promise<ForecastAnswer> {
  const progress = new PostedProgress(process.stderr);
  const tree = treeOf(root);
  const { image, files } = await readLive(tree, { progress, interrupts: new Interrupts() });
  const service = createJudge(new LinuxHost(tree, image), await loadShippedPlugins());
  const said = kernelSaid(image, files);
  const onBlock = (done: number, total: number) => progress.update({ label: 'forecasting', done, total, unit: null });
  return { forecast: forecast(service, { blocks, said, onBlock }), caveats: image.caveats };
}

try {
  post(await answer(workerData as ForecastQuestion));
} catch (error) {
  if (!VacateError.is(error)) throw error;
  post({ error: { kind: error.kind, message: error.message } });
}
