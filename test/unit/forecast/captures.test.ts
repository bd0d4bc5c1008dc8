import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { BlockForecast } from '../../../src/forecast/index.js';
import { attemptFoldersIn, attemptsIn, forecastBlock, gradeOf } from '../../bench/offline-attempts.js';
import { PLUGINS } from '../sim/small-machine.js';

const CAPTURES = fileURLToPath(new URL('../../fixtures/captures', import.meta.url));

const cases = attemptFoldersIn(CAPTURES).flatMap((folder) =>
  attemptsIn(folder).map((attempt) => ({ name: `${basename(folder)}/memory${attempt.block}`, attempt })),
);

const known = new Map<string, BlockForecast>();

/** Each is forecast once. */
function forecastOf(name: string): BlockForecast {
  const { attempt } = cases.find((each) => each.name === name)!;
  const found = known.get(name) ?? forecastBlock(attempt.capture, attempt.block, PLUGINS);
  known.set(name, found);
  return found;
}

const deciding = (name: string) => forecastOf(name).reasons.filter(({ decides }) => decides !== null);

describe('against what two kernels did', () => {
  it('has attempts of all outcomes, by both kernels', () => {
    expect(new Set(cases.map(({ attempt }) => attempt.result))).toEqual(
      new Set(['offline', 'refused', 'refused-timeout']),
    );
    expect(cases.some(({ name }) => name.includes('6.12'))).toBe(true);
  });

  it.each(cases)('$name: what is decided is right', ({ name, attempt }) => {
    expect(gradeOf(forecastOf(name), attempt)).not.toBe('wrong');
  });

  it.each([
    'cache-offline-kernelzone/memory39',
    'fragslab-offline-kernelzone/memory36',
    'fragslab-offline-kernelzone/memory38',
    'mixed-offline-6.12/memory32',
    'mixed-offline-kernelzone/memory37',
    'mixed-offline/memory32',
    'mixed-offline/memory5',
    'pinned-offline/memory36',
    'tmpfs-offline-kernelzone-6.12/memory35',
    'tmpfs-offline-kernelzone-6.12/memory38',
  ])('%s is decided', (name) => {
    expect(gradeOf(forecastOf(name), cases.find((each) => each.name === name)!.attempt)).toBe('right');
  });
});

describe('the pages that decide', () => {
  it('names the page that the kernel named', () => {
    // "page dumped because: unmovable page" of its dmesg.
    const slab = deciding('fragslab-offline-kernelzone/memory36').find(({ reason }) => reason === 'slab');
    expect(slab).toMatchObject({ kind: 'permanent', waitingHelps: false });
    expect(slab!.pfns[0]).toBe(0x122000);
    expect(slab!.named[0]).toMatchObject({ pfn: 0x122000, migratetype: 'reclaimable' });
    expect(slab!.named[0]!.flags).toContain('slab');
  });

  it('leaves journals open: both outcomes have been seen with dirty metadata', () => {
    expect(deciding('fragslab-offline-kernelzone/memory35').map(({ reason }) => reason)).toEqual(['journal-buffers']);
    expect(deciding('fragslab-offline-kernelzone-6.12/memory35').map(({ reason }) => reason)).toEqual([
      'journal-buffers',
    ]);
    expect(forecastOf('fragslab-offline-kernelzone/memory35')).toMatchObject({ waitingHelps: true });
  });

  it('knows that a journal at rest keeps a clean page', () => {
    // The kernel tried pfn:0x115b43 for twenty seconds.
    const [first, ...others] = deciding('mixed-offline-kernelzone/memory34');
    expect(first).toMatchObject({ reason: 'journal-at-rest', pages: 1, pfns: [0x115b43], waitingHelps: true });
    expect(others).toEqual([]);
  });

  it('lets huge pages go where there are free ones, and pages of zsmalloc that carry no flag', () => {
    const huge = forecastOf('mixed-offline-kernelzone/memory37').reasons;
    expect(huge).toContainEqual(expect.objectContaining({ reason: 'hugetlb', decides: null, pages: 6656 }));
    const zsmalloc = forecastOf('tmpfs-offline-kernelzone-6.12/memory35');
    expect(zsmalloc.reasons).toContainEqual(
      expect.objectContaining({ reason: 'zsmalloc', decides: null, pages: 4630 }),
    );
    // The kernel migrated all of the block: those pages cost as much as others.
    expect(zsmalloc.pagesToMove).toBeGreaterThan(32_000);
  });

  it('says of a block with holes that it has holes', () => {
    const reasons = deciding('mixed-offline/memory5').map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['reserved', 'holes']));
  });

  it('costs as much as the kernel then moved', () => {
    // offline.tsv: 32,760 of the 32,768 pages of the block.
    expect(Math.abs(forecastOf('mixed-offline/memory32').pagesToMove - 32_760)).toBeLessThan(32);
  });
});

describe('references that nobody sees', () => {
  it('takes the marks of get_user_pages for a sign, as many as the kernel then failed to move', () => {
    // "migrating pfn ... failed ret:216" of its dmesg: vmsplice held 216 pages.
    const { verdict, reasons, extraReferences } = forecastOf('pinned-offline/memory32');
    expect(verdict).toBe('cannot-know');
    expect(reasons).toContainEqual(expect.objectContaining({ reason: 'touched-by-gup', pages: 216 }));
    expect(reasons.find(({ reason }) => reason === 'touched-by-gup')!.pfns[0]).toBe(0x10057f);
    expect(extraReferences.evidenceFor.join()).toMatch(/216 anonymous pages.*12,288 pages of the machine are pinned/);
  });

  it('has the counters against it where nothing is pinned', () => {
    const { evidenceFor, evidenceAgainst } = forecastOf('mixed-offline-6.12/memory32').extraReferences;
    expect(evidenceAgainst.join()).toContain('no page of the machine is pinned');
    expect(evidenceFor.join()).not.toContain('pin_user_pages (vmstat), somewhere');
  });
});
