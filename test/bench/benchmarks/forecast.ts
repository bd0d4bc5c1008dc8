import { loadShippedPlugins } from 'vacate';
import { mix32 } from '../../../src/base/prng.js';
import { CaptureFiles } from '../../../src/capture/capture-files.js';
import { readCapture } from '../../../src/capture/read-capture.js';
import { createJudge } from '../../../src/container/create-judge.js';
import { type Forecast, forecast, kernelSaid } from '../../../src/forecast/index.js';
import { ImageHost } from '../../../src/linux/host/image-host.js';
import type { Benchmark, Context } from '../framework/benchmark.js';
import { timed } from '../framework/timed.js';
import { captureIn, PLAIN_READ, plainReadInC } from './plain-read.js';

export const forecastAll: Benchmark = {
  name: 'forecast',
  shows:
    'A forecast of every memory block of a captured machine, from the files on: reading, checking, classifying all ' +
    'pages, a verdict with reasons for each block.',
  doesNotShow:
    'Start of the command and printing; owners of pages, which few captures have. The baseline reads the flags only, ' +
    'and a forecast needs the mapping counts as well, a file of the same size.',
  sizes: [1, 16, 256, 1024],
  unit: 'page',
  goals: [
    { contestant: 'vacate', against: PLAIN_READ, timeAtMost: 1.5, fromGib: 1024 },
    { contestant: 'vacate', growthAtMost: 1.5, fromGib: 16 },
  ],
  async prepare(context: Context) {
    const directory = captureIn(context);
    const plugins = await loadShippedPlugins();
    let made: Forecast | null = null;
    const ours = timed({
      name: 'vacate',
      nrUnits: context.nrPages,
      result: 'forecasts of all blocks',
      work() {
        const files = new CaptureFiles(directory);
        const image = readCapture(files, { mapcounts: false });
        const alike = new ImageHost(image);
        made = forecast(createJudge(alike, plugins), { said: kernelSaid(image, files), alike });
      },
      hash: () => hashText(JSON.stringify(made)),
      release() {
        made = null;
      },
    });
    return [await plainReadInC(context, directory, 'fresh'), await plainReadInC(context, directory, 'touched'), ours];
  },
};

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix32(hash);
}
