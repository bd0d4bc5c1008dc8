import { CaptureFiles, readCapture } from '../../../src/capture/index.js';
import { Forecaster, type ForecastOptions, kernelSaid } from '../../../src/forecast/index.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import type { Machine } from '../../../src/sim/machine.js';
import { NR_BLOCKS, Sketch } from '../capture/sketch.js';
import { serviceOf } from '../sim/small-machine.js';

/** A capture whose every block is of one zone; free unless drawn, reclaim has never run, nothing is pinned. */
export function sketchOf(kind: 'Movable' | 'Normal', pcp = 0): Sketch {
  const sketch = new Sketch();
  sketch.zones = [{ kind, pcp }];
  sketch.texts.memory_blocks = Array.from(
    { length: NR_BLOCKS },
    (_, block) => `memory${block} online 1 ${kind}\n`,
  ).join('');
  sketch.texts.iomem = '00000000-00ffffff : System RAM\n';
  sketch.texts.vmstat = 'pgscan_kswapd 0\npgscan_direct 0\nnr_foll_pin_acquired 7\nnr_foll_pin_released 7\n';
  sketch.texts.meminfo = 'SwapTotal:         400 kB\nHugePages_Rsvd:        0\n';
  return sketch;
}

/** A forecaster of what was sketched. */
export function forecasterOf(sketch: Sketch, options: ForecastOptions = {}): Forecaster {
  const files = new CaptureFiles(sketch.write());
  const image = readCapture(files);
  const { service } = serviceOf(machineFromImage(image));
  return new Forecaster(service, { said: kernelSaid(image, files), ...options });
}

/** A forecaster of a simulated machine, of which everything is known. */
export function forecasterOfMachine(machine: Machine, options: ForecastOptions = {}): Forecaster {
  return new Forecaster(serviceOf(machine).service, options);
}
