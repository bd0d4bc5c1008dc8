import { describe, expect, it } from '@jest/globals';
import { layoutOf } from '../../../src/scenario/layout.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { build, SMALL } from './sketch.js';

const layout = (text: string) => layoutOf(parseScenario(text, 'test.yaml'));
const spans = (text: string) =>
  layout(text).zones.map(({ node, kind, start, end }) => `${node} ${kind} ${start}-${end}`);

describe('layoutOf', () => {
  it('lays out boot memory, kernel DIMMs and movable DIMMs, node after node', () => {
    expect(spans(SMALL)).toEqual([
      '0 DMA32 0-1024',
      '0 Normal 1024-6144',
      '0 Movable 6144-10240',
      '1 Normal 10240-12288',
    ]);
    expect(layout(SMALL).dimms).toEqual([
      { name: 'slow', node: 0, range: { start: 4096, end: 6144 } },
      { name: 'fast', node: 0, range: { start: 6144, end: 10_240 } },
    ]);
  });

  it('puts movable DIMMs side by side, whatever stands between them in the file', () => {
    const text = `
name: mixed
blockSize: 4MiB
nodes:
  - boot: 4MiB
    dimms:
      - { name: a, size: 4MiB, zone: movable }
      - { name: b, size: 8MiB, zone: kernel }
      - { name: c, size: 4MiB, zone: movable }
`;
    expect(spans(text)).toEqual(['0 DMA32 0-1024', '0 Normal 1024-3072', '0 Movable 3072-5120']);
    expect(layout(text).dimms.map(({ name, range }) => [name, range.start])).toEqual([
      ['b', 1024],
      ['a', 3072],
      ['c', 4096],
    ]);
  });

  it('has zone DMA32 below 4 GiB, and in the first node only', () => {
    const text = 'name: a\nnodes: [{ boot: 6GiB }, { boot: 1GiB }]';
    expect(spans(text)).toEqual(['0 DMA32 0-1048576', '0 Normal 1048576-1572864', '1 Normal 1572864-1835008']);
  });

  it('gives a node of nothing but movable DIMMs one zone', () => {
    const nodes = `${SMALL}  - { dimms: [{ name: last, size: 4MiB, zone: movable }] }`;
    const text = nodes.replace('cpus: 2', 'cpus: 3');
    expect(spans(text).at(-1)).toBe('2 Movable 12288-13312');
    expect(layout(text).places.get('node2')).toMatchObject({ takesKernelPages: false });
  });

  it('derives watermarks as the kernel does', () => {
    // 16 GiB, half of it movable: min_free_kbytes is 4 * sqrt(8388608 KiB) = 11585 KiB.
    const text = 'name: a\nnodes: [{ boot: 8GiB, dimms: [{ name: d, size: 8GiB, zone: movable }] }]';
    const [dma32, normal, movable] = layout(text).zones;
    expect(dma32?.watermarks).toEqual({ min: 1449, low: 1811, high: 2173 });
    expect(normal?.watermarks).toEqual({ min: 1449, low: 1811, high: 2173 });
    expect(movable?.watermarks).toEqual({ min: 128, low: 160, high: 192 });
    // lowmem_reserve_ratio 256 256 32: (1 Mi + 2 Mi) / 256, and 2 Mi / 32.
    expect(dma32?.lowmemReserve).toEqual({ DMA: 0, DMA32: 0, Normal: 4096, Movable: 12_288 });
    expect(normal?.lowmemReserve).toEqual({ DMA: 0, DMA32: 0, Normal: 0, Movable: 65_536 });
    expect(movable?.lowmemReserve.Movable).toBe(0);
  });

  it('takes watermarks as stated, shared out among the kernel zones', () => {
    const [dma32, normal, movable, far] = layout(`${SMALL}watermarks: { min: 128 pages, high: 512 pages }`).zones;
    expect(dma32?.watermarks).toEqual({ min: 16, low: 20, high: 64 });
    expect(normal?.watermarks).toEqual({ min: 80, low: 100, high: 320 });
    expect(far?.watermarks).toEqual({ min: 32, low: 40, high: 128 });
    expect(movable?.watermarks).toEqual({ min: 32, low: 40, high: 48 });
  });

  it('holds bytes up to 64 MiB, tokens above', () => {
    expect(layout(SMALL).contents).toBe('bytes');
    expect(layout('name: a\nnodes: [{ boot: 128MiB }]').contents).toBe('token');
    expect(layout('name: a\ncontents: bytes\nnodes: [{ boot: 128MiB }]').contents).toBe('bytes');
    expect(layout(`${SMALL}contents: token`).contents).toBe('token');
  });
});

describe('an empty machine', () => {
  it('has every block online and every page free', () => {
    const m = build(SMALL);
    expect([...m.blockState]).toEqual(new Array(12).fill(1));
    expect([...m.nrFree]).toEqual([1024, 5120, 4096, 2048]);
    expect([...m.managed]).toEqual([1024, 5120, 4096, 2048]);
    expect(m.spec.name).toBe('small');
  });
});
