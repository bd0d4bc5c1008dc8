import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { machineSize } from '../../../src/sim/machine-size.js';
import { validateMachine } from '../../../src/sim/validate.js';

const text = readFileSync(fileURLToPath(new URL('../../../examples/terabyte/terabyte.yaml', import.meta.url)), 'utf8');

it('the scenario of a terabyte is one, and less than a block short of it', () => {
  const { nodes, blockSize } = parseScenario(text, 'terabyte.yaml');
  const pages = nodes.flatMap(({ boot, dimms }) => [boot, ...dimms.map(({ size }) => size)]).reduce((a, b) => a + b);
  expect(pages).toBe(2 ** 28 - blockSize);
});

it('a thousandth of it is sound, and takes less than 20 bytes a page', () => {
  const small = text.replace(/(\d+)GiB/g, '$1MiB').replace('processes: 64, files: 64', 'processes: 2, files: 2');
  const machine = machineFromScenario(parseScenario(small, 'gigabyte.yaml'));
  expect(machine.spec.nrPfns).toBe(2 ** 18 - 512);
  expect(validateMachine(machine)).toEqual([]);
  const { bytesPerPage, parts } = machineSize(machine);
  expect(parts.slice(0, 2).map(({ name }) => name)).toEqual(['page frames', 'content marks']);
  expect(bytesPerPage).toBeLessThan(20);
});
