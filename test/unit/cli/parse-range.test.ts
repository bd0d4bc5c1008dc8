import { parseRange } from '../../../src/cli/parse-range.js';

/** 128 MiB, as x86-64 has them. */
const BLOCK_PAGES = 0x8000;

describe('parseRange', () => {
  it.each([
    ['0x100000000-0x108000000', 'addresses, the end not included'],
    ['0x100000000-0x107ffffff', 'addresses, the end the last byte, as /proc/iomem has it'],
    ['pfn:0x100000-pfn:0x108000', 'page frames, the end not included'],
    ['pfn:0x100000-pfn:0x107fff', 'page frames, the end the last page'],
    ['0x100000000-0X107FFFFFF'.replace('0X', '0x'), 'capital digits'],
  ])('reads %s (%s)', (text) => {
    expect(parseRange(text, BLOCK_PAGES)).toEqual({ start: 0x100000, end: 0x108000 });
  });

  it.each([
    ['0x100000001-0x108000000', '0x100000000-0x108000000'],
    ['0x100000000-0x108000001', '0x100000000-0x108000000'],
    ['0x100000000-0x10c000000', '0x100000000-0x110000000'],
    ['0x101000000-0x102000000', '0x100000000-0x108000000'],
    ['pfn:0x100010-pfn:0x107000', 'pfn:0x100000-pfn:0x108000'],
  ])('refuses %s, off the edges of blocks, and offers %s', (text, nearest) => {
    expect(() => parseRange(text, BLOCK_PAGES)).toThrow(`the nearest range that does is ${nearest}`);
    expect(() => parseRange(text, BLOCK_PAGES)).toThrow(expect.objectContaining({ kind: 'range' }));
    expect(() => parseRange(nearest, BLOCK_PAGES)).not.toThrow();
  });

  it.each([
    '',
    '0x100000000',
    '100000000-108000000',
    '0x100000000-108000000',
    'pfn:0x100000-0x108000',
    '0x100000-pfn:0x108000',
    '0x10000000g-0x108000000',
    '0x-0x108000000',
  ])('refuses "%s", which is no range', (text) => {
    expect(() => parseRange(text, BLOCK_PAGES)).toThrow(`--range cannot read "${text}"; write 0x100000000-0x120000000`);
  });

  it('refuses what runs backwards, is empty, or lies where no page can be', () => {
    expect(() => parseRange('0x108000000-0x100000000', BLOCK_PAGES)).toThrow('runs backwards');
    expect(() => parseRange('0x100000000-0x100000000', BLOCK_PAGES)).toThrow('is empty');
    expect(() => parseRange('0x0-0x20000000000', BLOCK_PAGES)).toThrow('ends above 1 TiB');
  });
});
