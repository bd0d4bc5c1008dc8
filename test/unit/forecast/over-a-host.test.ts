import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { CaptureFiles, readCapture } from '../../../src/capture/index.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { type ForecastOptions, forecast, kernelSaid } from '../../../src/forecast/index.js';
import type { MemoryHost } from '../../../src/host/memory-host.js';
import { ImageHost } from '../../../src/linux/host/image-host.js';
import { LinuxHost } from '../../../src/linux/host/linux-host.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { removeTrees, unfoldCapture } from '../linux/trees.js';
import { PLUGINS } from '../sim/small-machine.js';

const CAPTURES = ['fragslab-offline-kernelzone/before-memory36', 'tmpfs-offline-kernelzone-6.12/before-memory38'];

afterAll(removeTrees);

/** What was swapped out before is on nobody's page: a copy has its slots free, and only the host knows better. */
function knownToBoth(found: unknown): unknown {
  return JSON.parse(JSON.stringify(found, (key, value) => (key === 'swappable' ? null : value)));
}

describe('a forecast over a host as it was read', () => {
  it.each(CAPTURES)('is the one over its simulated copy: %s', (name) => {
    const files = new CaptureFiles(fileURLToPath(new URL(`../../fixtures/captures/${name}`, import.meta.url)));
    const image = readCapture(files);
    const said = kernelSaid(image, files);
    const over = (host: MemoryHost) => forecast(new MigrationService(host, PLUGINS, new PageEvents()), { said });
    const host = over(new LinuxHost(new LinuxTree(unfoldCapture(name)), image));
    expect(host.blocks.length).toBeGreaterThan(10);
    expect(knownToBoth(host)).toEqual(knownToBoth(over(new SimHost(machineFromImage(image)))));
  });
});

describe('a forecast over an image', () => {
  it.each([...CAPTURES, 'mixed-offline-6.12/before-memory32', 'cache-offline-kernelzone/before-memory37'])(
    'is the one over a simulated machine, however it is asked: %s',
    (name) => {
      const files = new CaptureFiles(fileURLToPath(new URL(`../../fixtures/captures/${name}`, import.meta.url)));
      const image = readCapture(files);
      const said = kernelSaid(image, files);
      const of = (host: MemoryHost, options: ForecastOptions = {}) =>
        forecast(new MigrationService(host, PLUGINS, new PageEvents()), { said, ...options });
      const simulated = of(new SimHost(machineFromImage(image)));
      const eachAsked = new ImageHost(image);
      eachAsked.show({ start: 0, end: image.nrPfns });
      expect(of(eachAsked)).toEqual(simulated);
      const alike = new ImageHost(image);
      expect(of(alike, { alike })).toEqual(simulated);
    },
  );
});
