import { setFlagsFromString } from 'node:v8';
import { createMachine } from '../../../src/sim/machine.js';
import { smallMachine } from './small-machine.js';

/* Machines that do not look alike to V8 have their columns looked up by name, which takes five times as long. */

setFlagsFromString('--allow-natives-syntax');
const lookAlike = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean;
setFlagsFromString('--no-allow-natives-syntax');

it('machines of one process share one shape, whatever their sizes', () => {
  const machines = [64, 1024, 64].map((swap) => smallMachine({ swap }));
  const shared = createMachine({ ...machines[0]!.spec, shared: true });
  for (const machine of [...machines, shared]) expect(lookAlike(machine, machines[0]!)).toBe(true);
  expect(lookAlike({ ...shared, another: 1 }, shared)).toBe(false);
});
