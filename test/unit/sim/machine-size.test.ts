import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCapture } from '../../../src/capture/index.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import { machineSize } from '../../../src/sim/machine-size.js';

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

describe('a machine takes at most 32 bytes a page, all included', () => {
  it.each(readdirSync(path('examples/scenarios')))('%s', (name) => {
    const machine = machineFromScenario(parseScenario(readFileSync(path(`examples/scenarios/${name}`), 'utf8'), name));
    expect(machineSize(machine).bytesPerPage).toBeLessThanOrEqual(32);
  });

  it.each([
    'mixed-offline/before-memory32',
    'mixed-offline-6.12/before-memory32',
    'pinned-offline/before-memory32',
    'skew-huge/before-huge',
    'fragslab-offline-kernelzone/before-memory36',
  ])('capture %s', (name) => {
    const machine = machineFromImage(readCapture(path(`test/fixtures/captures/${name}`)));
    expect(machineSize(machine).bytesPerPage).toBeLessThanOrEqual(32);
  });

  it('and its parts add up', () => {
    const text = readFileSync(path('examples/scenarios/refusals.yaml'), 'utf8');
    const { bytes, parts, pages, bytesPerPage } = machineSize(machineFromScenario(parseScenario(text, 'refusals')));
    expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(bytes);
    expect(bytesPerPage).toBe(bytes / pages);
  });
});
