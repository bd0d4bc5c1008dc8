import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { machineFromScenario, nodeScenarios, parseScenario } from '../../../src/scenario/index.js';
import { messageOf, small } from './sketch.js';

const parsed = (...workloads: string[]) =>
  parseScenario(small(...(workloads.length === 0 ? ['kind: slab, size: 1MiB'] : workloads)), 'test.yaml');
const workloadsOf = (...workloads: string[]) =>
  nodeScenarios(parsed(...workloads)).map(({ workloads: own }) => own.map(({ kind }) => kind));

describe('the nodes of a scenario, each alone', () => {
  it('have their own memory, CPUs and marks, and names that say whose they are', () => {
    const [near, far] = nodeScenarios(parsed());
    expect(near).toMatchObject({ name: 'small/node0', cpus: 1, contents: 'bytes', dma32: 1024, swap: 2048 });
    expect(far).toMatchObject({ name: 'small/far', cpus: 1, contents: 'bytes', dma32: 0, swap: 2048 });
    const whole = machineFromScenario(parsed());
    const alone = [near!, far!].map((scenario) => machineFromScenario(scenario));
    expect(alone.map(({ spec }) => spec.nrPfns)).toEqual([10_240, 2048]);
    expect(alone.flatMap(({ spec }) => spec.zones.map(({ kind, end, start }) => [kind, end - start]))).toEqual(
      whole.spec.zones.map(({ kind, end, start }) => [kind, end - start]),
    );
    const marks = alone.flatMap(({ watermarkMin }) => Array.from(watermarkMin));
    for (const [zone, mark] of marks.entries()) expect(Math.abs(mark - whole.watermarkMin[zone]!)).toBeLessThan(2);
  });

  it('run what has its place there, and all of it', () => {
    const scenario = parsed('kind: anonymous, size: 4MiB, on: far', 'kind: shmem, size: 3MiB, on: fast');
    const used = nodeScenarios(scenario).map((own) => {
      const { flags } = machineFromScenario(own);
      return flags.filter((word) => (word & FREE_FLAGS) === 0).length;
    });
    expect(used[0]).toBeGreaterThanOrEqual(768);
    expect(used[1]).toBeGreaterThanOrEqual(1024);
    expect(used[0]! + used[1]!).toBeLessThan(768 + 1024 + 100);
  });

  it('share out what has no place: to where most memory is left, holds to where most is used', () => {
    expect(workloadsOf('kind: anonymous, size: 20MiB', 'kind: pins, pages: 3, for: 1ms')).toEqual([
      ['anonymous', 'pins'],
      [],
    ]);
    expect(
      workloadsOf('kind: anonymous, size: 30MiB, on: node0', 'kind: reserved, pages: 10', 'kind: slab, size: 1MiB'),
    ).toEqual([['anonymous', 'reserved', 'slab'], []]);
    expect(workloadsOf('kind: anonymous, size: 36MiB, on: node0', 'kind: shmem, size: 1MiB')).toEqual([
      ['anonymous'],
      ['shmem'],
    ]);
  });

  it('have what is scattered in proportion to their memory', () => {
    const nodes = nodeScenarios(parsed('kind: scattered, size: 12MiB, processes: 12, files: 6'));
    expect(nodes.flatMap(({ workloads }) => workloads)).toMatchObject([
      { size: 2560, processes: 10, files: 5 },
      { size: 512, processes: 2, files: 1 },
    ]);
  });

  it('have the swap that their workloads need, and an equal share of the rest', () => {
    const nodes = nodeScenarios(parsed('kind: swapped, size: 6MiB, readBack: 0, on: far'));
    expect(nodes.map(({ swap }) => swap)).toEqual([1280, 1280 + 1536]);
  });

  it('are the whole machine where there is only one', () => {
    const scenario = parseScenario('{ name: one, blockSize: 4MiB, nodes: [{ boot: 16MiB }] }', 'test.yaml');
    expect(nodeScenarios(scenario)).toEqual([scenario]);
  });

  it('cannot be alone without memory for the kernel, or without room', () => {
    const movable = `{ name: two, blockSize: 4MiB, nodes: [{ boot: 16MiB }, { dimms: [{ name: d, size: 8MiB, zone: movable }] }] }`;
    expect(messageOf(() => nodeScenarios(parseScenario(movable, 'test.yaml')))).toBe(
      'two/node1: has no memory for the kernel, so it cannot do without the other nodes; give it boot memory',
    );
    const scenario = parsed('kind: anonymous, size: 34MiB', 'kind: files, size: 8MiB, files: 3');
    expect(messageOf(() => nodeScenarios(scenario))).toMatch(/^small\/far: workloads need .* take away/);
  });
});
