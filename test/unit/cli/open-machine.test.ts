import { Interrupted, Interrupts } from '../../../src/cli/interrupts.js';
import { machineOfScenario } from '../../../src/cli/open-machine.js';
import type { Progress, Step } from '../../../src/cli/progress.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';

const SCENARIO = `
  name: small
  seed: 3
  blockSize: 4MiB
  contents: token
  nodes: [{ boot: 16MiB, dimms: [{ name: dimm0, size: 8MiB, zone: movable }] }]
  workloads:
    - { kind: anonymous, size: 4MiB, processes: 2, on: dimm0 }
    - { kind: files, size: 4MiB, files: 3 }`;

/** Opens it; `onStep` is told of each step of the building. */
function open(interrupts: Interrupts, onStep: (step: Step) => void) {
  const progress = { update: onStep, stop: () => {} } as unknown as Progress;
  return machineOfScenario(SCENARIO, 'small.yaml', { progress, interrupts });
}

describe('the machine of a scenario', () => {
  it('is built in steps, and is the one that is built in one go', async () => {
    const parts: number[] = [];
    const { machine, seed } = await open(new Interrupts(), ({ done }) => parts.push(done));
    const other = machineFromScenario(parseScenario(SCENARIO, 'small.yaml'));
    expect(Buffer.compare(Buffer.from(machine.buffer), Buffer.from(other.buffer))).toBe(0);
    expect(seed).toBe(3);
    expect(parts.length).toBeGreaterThan(20);
    expect(parts.at(-1)).toBe(1);
    expect(parts).toEqual([...parts].sort((a, b) => a - b));
  });

  it('is given up at the next step when the user stops it', async () => {
    const interrupts = new Interrupts();
    interrupts.install();
    let steps = 0;
    const opening = open(interrupts, () => {
      if (++steps === 5) process.emit('SIGINT');
    });
    await expect(opening).rejects.toBeInstanceOf(Interrupted);
    interrupts.remove();
    expect(steps).toBe(5);
  });
});
