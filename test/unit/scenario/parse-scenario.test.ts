import { describe, expect, it } from '@jest/globals';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { complaints, SMALL, small } from './sketch.js';

const NODES = 'nodes: [{ boot: 128MiB }]';

describe('parseScenario', () => {
  it('fills in defaults, in pages and nanoseconds', () => {
    const text = `name: a\n${NODES}\nworkloads: [{ kind: pins, pages: 3, for: 5ms }, { kind: anonymous, size: 1MiB }]`;
    expect(parseScenario(text, 'a.yaml')).toEqual({
      name: 'a',
      seed: 1,
      blockSize: 32_768,
      dma32: 1_048_576,
      swap: 0,
      nodes: [{ boot: 32_768, dimms: [] }],
      workloads: [
        { kind: 'pins', pages: 3, for: 5_000_000 },
        { kind: 'anonymous', size: 256, processes: 1, sharedByFork: 0, keep: 1, pattern: 'random' },
      ],
      jobs: [],
      activities: [],
    });
  });

  it('takes anchors and the word "on" for what they are', () => {
    const text = small('kind: slab, size: &much 1MiB, on: slow', 'kind: shmem, size: *much');
    expect(parseScenario(text, 'a.yaml').workloads).toMatchObject([{ size: 256, on: 'slow' }, { size: 256 }]);
  });
});

describe('text that is no YAML', () => {
  it.each([
    [
      'a: [1\nb: 2',
      'test.yaml:2: is no YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['name: a\n\tb: 1', 'test.yaml:2: is no YAML: tabs are not allowed as indentation'],
    ['name: a\nname: b', 'test.yaml:2: is no YAML: map keys must be unique'],
    ['name: *a', 'test.yaml: is no YAML: unresolved alias (the anchor must be set before the alias): a'],
  ])('%j', (text, complaint) => {
    expect(complaints(text)).toContain(complaint);
  });
});

/** A scenario, and all that is said about it. */
const SHAPES: readonly (readonly [what: string, text: string, complaint: string])[] = [
  ['nothing', '', 'the scenario is empty, not an object with name, nodes and workloads'],
  ['a list', '- 1', 'the scenario is a list, not an object with name, nodes and workloads'],
  ['no name', NODES, 'name is missing; it must be a name'],
  ['an empty name', `name: ""\n${NODES}`, 'name is "", not a name'],
  ['no nodes', 'name: a', 'nodes is missing; it must be a list of nodes'],
  ['an empty list of nodes', 'name: a\nnodes: []', 'nodes is a list, not a list of at least one node'],
  ['a node that is none', 'name: a\nnodes: [7]', 'nodes[0] is 7, not a node with boot memory and DIMMs'],
  ['a key misspelt', `name: a\n${NODES}\nswapp: 1GiB`, 'swapp is not a known key; did you mean "swap"?'],
  [
    'a key from nowhere',
    `name: a\n${NODES}\nwatermarks: { min: 1MiB, bananas: 1 }`,
    'watermarks.bananas is not a known key; known are min, low, high',
  ],
  [
    'a key of a DIMM misspelt',
    'name: a\nnodes: [{ boot: 1GiB, dimms: [{ name: d, size: 128MiB, zone: movable, sizee: 1 }] }]',
    'nodes[0].dimms[0].sizee is not a known key; did you mean "size"?',
  ],
  ['a node key misspelt', 'name: a\nnodes: [{ Boot: 1GiB }]', 'nodes[0].Boot is not a known key; did you mean "boot"?'],
  [
    'a workload key misspelt',
    small('kind: files, size: 1MiB, buffer: 0.5'),
    'workloads[0].buffer is not a known key; did you mean "buffers"?',
  ],
  [
    'a key of another workload',
    small('kind: mlocked, size: 1MiB, keep: 0.5'),
    'workloads[0].keep is not a known key; known are kind, size, on',
  ],
  ['a size in the wrong unit', 'name: a\nnodes: [{ boot: 1GB }]', `nodes[0].boot is "1GB", not ${aSize()}`],
  ['a size without unit', 'name: a\nnodes: [{ boot: 4096 }]', `nodes[0].boot is 4096, not ${aSize()}`],
  ['a size left out', `name: a\n${NODES}\nswap:`, `swap is empty, not ${aSize()}`],
  [
    'a size of half a page',
    small('kind: slab, size: 2KiB'),
    'workloads[0].size is "2KiB", not a whole number of 4 KiB pages',
  ],
  ['no size at all', small('kind: slab'), `workloads[0].size is missing; it must be ${aSize()}`],
  ['an empty size', small('kind: slab, size: 0MiB'), 'workloads[0].size is "0MiB", not at least one page'],
  [
    'a duration that is none',
    small('kind: pins, pages: 1, for: soon'),
    'workloads[0].for is "soon", not a duration such as "100us", "5ms", "2s" or "forever"',
  ],
  [
    'a percentage',
    small('kind: files, size: 1MiB, dirty: 50%'),
    'workloads[0].dirty is "50%", not a fraction from 0 to 1',
  ],
  [
    'more than all',
    small('kind: files, size: 1MiB, dirty: 1.5'),
    'workloads[0].dirty is 1.5, not a fraction from 0 to 1',
  ],
  ['half a CPU', `name: a\n${NODES}\ncpus: 2.5`, 'cpus is 2.5, not a whole number from 1 to 64'],
  [
    'a zone misspelt',
    'name: a\nnodes: [{ boot: 1GiB, dimms: [{ name: d, size: 128MiB, zone: moveable }] }]',
    'nodes[0].dimms[0].zone is "moveable", not kernel or movable; did you mean "movable"?',
  ],
  [
    'a workload misspelt',
    small('kind: anonymus, size: 1MiB'),
    'workloads[0].kind is "anonymus", not a kind of workload; did you mean "anonymous"?',
  ],
  [
    'a workload that nobody knows',
    small('kind: bananas'),
    'workloads[0].kind is "bananas", not a kind of workload; known are anonymous, files, shmem, swapped, mlocked, ksm, ' +
      'registered, slab, zsmalloc, balloon, hugepages, hugetlb, nonlinear, pins, locks, writeback, reserved, scattered',
  ],
  [
    'a workload without kind',
    small('size: 1MiB'),
    'workloads[0].kind is missing; it must be anonymous, files, shmem, swapped, mlocked, ksm, registered, slab, ' +
      'zsmalloc, balloon, hugepages, hugetlb, nonlinear, pins, locks, writeback, reserved, scattered',
  ],
  ['a workload that is a word', `name: a\n${NODES}\nworkloads: [slab]`, 'workloads[0] is "slab", not a workload'],
];

function aSize(): string {
  return 'a size such as "512MiB", "4GiB", "64KiB" or "1000 pages"';
}

describe('a shape that is wrong', () => {
  it.each(SHAPES)('%s', (_what, text, complaint) => {
    expect(complaints(text)).toEqual([`test.yaml: ${complaint}`]);
  });

  it('is told in full', () => {
    expect(complaints('nam: a\nseed: x\nnodes: [{ boot: 1 }, { dimms: {} }]')).toEqual([
      'test.yaml: name is missing; it must be a name',
      'test.yaml: seed is "x", not a whole number from 0 to 4294967295',
      `test.yaml: nodes[0].boot is 1, not ${aSize()}`,
      'test.yaml: nodes[1].dimms is an object, not a list of DIMMs',
      'test.yaml: nam is not a known key; did you mean "name"?',
    ]);
  });
});

/** A machine with a first node of its own. */
const withNode = (node: string, rest = '') => `name: a\nblockSize: 16MiB\n${rest}\nnodes: [{ ${node} }]`;

const MEANINGS: readonly (readonly [what: string, text: string, complaint: string])[] = [
  [
    'a DIMM that is no whole number of blocks',
    withNode('boot: 64MiB, dimms: [{ name: d, size: 32MiB, zone: movable }, { name: e, size: 100MiB, zone: movable }]'),
    'nodes[0].dimms[1].size is 100MiB, not a whole number of memory blocks of 16MiB; the nearest are 96MiB and 112MiB',
  ],
  [
    'a DIMM smaller than a block',
    withNode('boot: 64MiB, dimms: [{ name: d, size: 4MiB, zone: movable }]'),
    'nodes[0].dimms[0].size is 4MiB, not a whole number of memory blocks of 16MiB; the nearest is 16MiB',
  ],
  [
    'boot memory that is no whole number of blocks',
    withNode('boot: 1000 pages'),
    'nodes[0].boot is 1000 pages, not a whole number of memory blocks of 16MiB; the nearest is 16MiB',
  ],
  [
    'a block of no power of two',
    SMALL.replace('blockSize: 4MiB', 'blockSize: 6MiB'),
    'blockSize is 6MiB, not a power of two from 2MiB up; the nearest are 4MiB and 8MiB',
  ],
  [
    'a block smaller than a pageblock',
    SMALL.replace('blockSize: 4MiB', 'blockSize: 1MiB'),
    'blockSize is 1MiB, not a power of two from 2MiB up; the nearest is 2MiB',
  ],
  [
    'an odd end of DMA32',
    SMALL.replace('dma32: 4MiB', 'dma32: 5MiB'),
    'dma32 is 5MiB, not a whole number of pageblocks of 2MiB; the nearest are 4MiB and 6MiB',
  ],
  [
    'no boot memory',
    withNode('dimms: [{ name: d, size: 32MiB, zone: movable }]'),
    'nodes[0].boot is missing; the kernel needs memory that is there at boot',
  ],
  [
    'a node of nothing',
    `${withNode('boot: 64MiB').slice(0, -1)}, {}]`,
    'nodes[1] has no memory; give it boot memory or DIMMs',
  ],
  [
    'fewer CPUs than nodes',
    SMALL.replace('cpus: 2', 'cpus: 1'),
    'cpus is 1, fewer than the 2 nodes; each node needs one at least',
  ],
  [
    'a name twice',
    SMALL.replace('name: fast', 'name: slow'),
    'nodes[0].dimms[1] has the name "slow", which nodes[0].dimms[0] has already',
  ],
  [
    'a DIMM named like a node',
    SMALL.replace('name: fast', 'name: far'),
    'nodes[0].dimms[1] has the name "far", which nodes[1] has already',
  ],
  ['watermarks upside down', `${SMALL}watermarks: { min: 1MiB, low: 64KiB }`, 'watermarks must ascend: min, low, high'],
  [
    'bytes by the gigabyte',
    'name: a\ncontents: bytes\nnodes: [{ boot: 2GiB }]',
    'contents is "bytes", but the machine has 2GiB; up to 1GiB can hold real bytes, so say "token"',
  ],
  ['a size beyond all', 'name: a\nnodes: [{ boot: 2TiB }]', 'nodes[0].boot is "2TiB", not a size of at most 1024GiB'],
  [
    'a terabyte',
    'name: a\nnodes: [{ boot: 600GiB }, { boot: 600GiB }]',
    'nodes have 1200GiB of memory; less than 1TiB can be simulated',
  ],
  [
    'a place misspelt',
    small('kind: slab, size: 64KiB, on: slwo'),
    'workloads[0].on is "slwo", no DIMM or node; did you mean "slow"?',
  ],
  [
    'no such place',
    small('kind: slab, size: 64KiB, on: attic'),
    'workloads[0].on is "attic", no DIMM or node; known are slow, fast, node0, far',
  ],
  [
    'slab where none can be',
    small('kind: slab, size: 64KiB, on: fast'),
    'workloads[0].on is "fast", which is all zone Movable; slab pages stand in kernel zones only, so name a DIMM with zone: kernel',
  ],
  [
    'sharing alone',
    small('kind: anonymous, size: 64KiB, sharedByFork: 0.5'),
    'workloads[0].sharedByFork needs someone to share with; set processes to 2 or more',
  ],
];

describe('a scenario that means nothing', () => {
  it.each(MEANINGS)('%s', (_what, text, complaint) => {
    expect(complaints(text)).toEqual([`test.yaml: ${complaint}`]);
  });

  it('is told in full', () => {
    const text = SMALL.replace('size: 8MiB', 'size: 7MiB')
      .replace('boot: 8MiB', 'boot: 9MiB')
      .replace('cpus: 2', 'cpus: 1');
    expect(complaints(text)).toHaveLength(3);
  });
});

describe('workloads that do not fit', () => {
  it.each([
    [
      'the machine',
      ['kind: anonymous, size: 30MiB', 'kind: files, size: 20MiB'],
      /^test.yaml: workloads need 50\.\d MiB, but the machine has 48 MiB, of which 4\d\.?\d? MiB can be filled; take away \d+\.?\d? (MiB|KiB) or add a DIMM$/,
    ],
    [
      'a DIMM',
      ['kind: anonymous, size: 20MiB, on: fast'],
      /^test.yaml: workloads on fast need 20 MiB, but it has 16 MiB, of which 15\.\d MiB can be filled; take away 4\.\d MiB$/,
    ],
    [
      'a DIMM, together',
      ['kind: shmem, size: 10MiB, on: fast', 'kind: hugepages, count: 3, on: fast'],
      /^test.yaml: workloads on fast need 16 MiB, but/,
    ],
    [
      'kernel zones',
      ['kind: slab, size: 40MiB'],
      /^test.yaml: workloads need 40 MiB of kernel memory \(slab, page tables, reserved\), but kernel zones have room for \d+\.?\d? MiB; take away \d+\.?\d? MiB or add a kernel DIMM$/,
    ],
    [
      'swap',
      ['kind: swapped, size: 10MiB', 'kind: swapped, size: 12MiB'],
      /^test.yaml: swap is 16 MiB, but the workloads swap out 22 MiB; make it as large at least$/,
    ],
  ])('%s', (_what, workloads, complaint) => {
    const told = complaints(small(...workloads));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(complaint);
  });
});
