import { checkStatedJobs, jobsFor } from '../../../src/cli/compare/compare-jobs.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { parseScenario } from '../../../src/scenario/index.js';
import { createMachine } from '../../../src/sim/machine.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';
import { smallMachine, zone } from '../sim/small-machine.js';

const machineOf = (dimms: boolean) => {
  const zones = [zone('Normal', 0, 1024), zone('Movable', 1024, 2048)];
  const plain = smallMachine({ zones });
  const dimm = { name: 'dimm0', node: 0, range: { start: 1024, end: 2048 } };
  if (!dimms) return plain;
  const machine = createMachine({ ...plain.spec, dimms: [dimm], capacity: plain.capacity });
  for (let block = 0; block < 4; block++) {
    machine.blockState[block] = BLOCK_ONLINE;
    onlineBlock(machine, block);
  }
  return machine;
};
const capture = (dimms = true) => ({ machine: machineOf(dimms), scenario: null, caveats: [] });

const SCENARIO = `
name: m
blockSize: 2MiB
nodes: [{ boot: 8MiB }]
`;

describe('jobsFor', () => {
  it('has all blocks of 2 MiB, and the last DIMM or the highest movable block offline, where nobody says anything', () => {
    const all = { kind: 'high-order', order: 9, count: 'all' };
    expect(jobsFor(capture(), {})).toEqual([all, { kind: 'offline', blocks: [2, 3], what: 'dimm0' }]);
    expect(jobsFor(capture(false), {})).toEqual([all, { kind: 'offline', blocks: [3], what: 'block 3' }]);
    const immovable = { machine: smallMachine(), scenario: null, caveats: [] };
    expect(jobsFor(immovable, {})).toEqual([all]);
  });

  it('has what the scenario says', () => {
    const scenario = parseScenario(`${SCENARIO}jobs: [{ kind: high-order, order: 3, count: 5 }]`, 'm.yaml');
    expect(jobsFor({ ...capture(), scenario }, {})).toEqual([{ kind: 'high-order', order: 3, count: 5 }]);
    const silent = parseScenario(SCENARIO, 'm.yaml');
    expect(jobsFor({ ...capture(), scenario: silent }, {})).toHaveLength(2);
  });

  it('has what the command line says instead, if it says anything', () => {
    const scenario = parseScenario(`${SCENARIO}jobs: [{ kind: high-order, order: 3, count: 5 }]`, 'm.yaml');
    const built = { ...capture(), scenario };
    expect(jobsFor(built, { order: 4 })).toEqual([{ kind: 'high-order', order: 4, count: 'all' }]);
    expect(jobsFor(built, { order: 4, count: 2, dimm: '0' })).toEqual([
      { kind: 'high-order', order: 4, count: 2 },
      { kind: 'offline', blocks: [2, 3], what: '0' },
    ]);
    expect(jobsFor(built, { blocks: '1-2' })).toEqual([{ kind: 'offline', blocks: [1, 2], what: 'blocks 1-2' }]);
    expect(() => jobsFor(built, { dimm: 'dimm9' })).toThrow('has no DIMM "dimm9"');
  });
});

describe('checkStatedJobs', () => {
  it.each([
    [{ count: 3 }, '--count says how many blocks, but not of which order'],
    [{ dimm: 'a', blocks: '1' }, '--dimm and --blocks both say what goes offline'],
    [{ blocks: '4-2' }, 'runs backwards'],
  ])('refuses %j', (stated, sentence) => {
    expect(() => checkStatedJobs(stated)).toThrow(sentence);
  });
});
