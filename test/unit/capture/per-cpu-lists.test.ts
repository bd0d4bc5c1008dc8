import { ANON_PAGE, BLOCK_PAGES, KPF, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

/** Two CPUs, and so many pages on the lists of each when zoneinfo was read. */
function sketch(counts: readonly [number, number], vmstat = 'nr_free_pages 1\n'): Sketch {
  const drawn = new Sketch();
  const sections = ['    cpu: 0', `              count:    ${counts[0]}`, '              high:     1884'];
  sections.push('              batch:    31', '    cpu: 1', `              count:    ${counts[1]}`);
  sections.push('              high:     3119', '              batch:    31');
  drawn.texts.zoneinfo = [
    'Node 0, zone  Movable',
    '  pages free     4096',
    '        min      10',
    '        low      20',
    '        high     30',
    '        spanned  4096',
    '        present  4096',
    '        managed  4096',
    '        protection: (0, 0, 0, 0, 0)',
    '  pagesets',
    ...sections,
    '  start_pfn:           0',
    '',
  ].join('\n');
  drawn.texts.vmstat = vmstat;
  return drawn;
}

const range = (start: number, nr: number) => Array.from({ length: nr }, (_, i) => start + i);
/** Further from the first pages than one CPU frees in a row. */
const FAR = 8 * BLOCK_PAGES - 10;

describe('per-CPU lists of a capture', () => {
  it('are as long as zoneinfo says, and flushed as that kernel flushes', () => {
    const [older] = sketch([2, 3], 'nr_sec_page_table_pages 0\n').draw(0, [0], 5).read().pcp!;
    expect(older).toMatchObject({ batch: 31, flush: 'doubling', highMax: 3119 });
    const newer = sketch([2, 3], 'nr_memmap_pages 0\n').draw(0, [0], 5).read();
    expect(newer.kernel).toBe('6.11');
    // An eighth of the zone, for two CPUs; but they are longer already.
    expect(newer.pcp![0]).toMatchObject({ flush: 'counting', highMax: 3119 });
  });

  it('have runs of neighbours, the longest on the CPU that had most', () => {
    const { pcp } = sketch([20, 41]).draw(8, [0], 40).draw(100, [ANON_PAGE, 0, 1], 1).read();
    expect(pcp![0]!.pages.map(({ length }) => length).sort()).toEqual([0, 40]);
  });

  it('name the CPU first whose lists gained least since kpageflags was read', () => {
    const draw = (counts: readonly [number, number]) => {
      const drawn = sketch(counts).draw(8, [0], 40);
      return drawn.draw(FAR, [0], 10).read().pcp![0]!;
    };
    // CPU 0 had 40 pages and lost 2; CPU 1 had 10 and has 30.
    const near = draw([38, 30]);
    expect([near.pages, near.high]).toEqual([
      [range(8, 40), range(FAR, 10)],
      [1884, 3119],
    ]);
    // The other way round.
    const far = draw([30, 38]);
    expect([far.pages, far.high]).toEqual([
      [range(8, 40), range(FAR, 10)],
      [3119, 1884],
    ]);
  });
});

describe('the release of a capture', () => {
  it.each([
    ['nr_memmap_pages 0', '6.11'],
    ['nr_unaccepted 0', '6.5'],
    ['nr_sec_page_table_pages 0', '6.1'],
    ['nr_free_pages 5', null],
  ])('is told by the counters that it has: %s', (vmstat, release) => {
    expect(sketch([0, 0], `${vmstat}\n`).draw(0, [KPF.BUDDY], 1).read().kernel).toBe(release);
  });

  it('is what the file kernel says', () => {
    const drawn = sketch([0, 0]);
    drawn.texts.kernel = '6.6.30-generic\n';
    expect(drawn.read().kernel).toBe('6.6.30-generic');
  });
});
