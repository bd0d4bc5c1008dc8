import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture } from '../../../src/capture/index.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { copyOf, refusalOf, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

const MIXED = 'mixed-offline/before-memory32';

function withText(name: string, text: string | null): string {
  const directory = copyOf(MIXED);
  if (text === null) rmSync(join(directory, name));
  else writeFileSync(join(directory, name), text);
  return directory;
}

const spansOf = ({ dimms }: MachineImage) =>
  dimms.map(({ name, range }) => [name, range.start / 32768, range.end / 32768]);

describe('DIMMs', () => {
  it('are what the firmware names', () => {
    const image = readCapture(withText('dimms', 'PNP0C80:01 memory34 memory35 memory33\nPNP0C80:00 memory32\n\n'));
    expect(spansOf(image)).toEqual([
      ['PNP0C80:01', 33, 36],
      ['PNP0C80:00', 32, 33],
    ]);
    expect(image.caveats.join()).not.toContain('DIMM');
  });

  it('may lie in several places, with a caveat', () => {
    const image = readCapture(withText('dimms', 'PNP0C80:00 memory32 memory33 memory39\n'));
    expect(spansOf(image)).toEqual([
      ['PNP0C80:00', 32, 34],
      ['PNP0C80:00#1', 39, 40],
    ]);
    expect(image.caveats.join()).toContain('PNP0C80:00 lies in 2 places');
  });

  it('are none if the file says so', () => {
    expect(readCapture(withText('dimms', '')).dimms).toEqual([]);
  });

  it('refuse blocks that the machine does not have, and lines that name none', () => {
    expect(refusalOf(withText('dimms', 'PNP0C80:00 memory39 memory40\n'))).toMatch(
      /^dimms puts memory40 into PNP0C80:00, and the machine has no such block: take the capture again/,
    );
    expect(refusalOf(withText('dimms', 'PNP0C80:00 32-35\n'))).toMatch(/^dimms says "PNP0C80:00 32-35": write/);
  });

  it('are System RAM above 4 GiB, whole blocks, a line each', () => {
    const ram = [
      '00100000-07ffffff : System RAM',
      '08000000-17ffffff : System RAM',
      '100000000-107ffffff : System RAM',
      '108000000-117ffffff : System RAM',
      '  108000000-10fffffff : System RAM',
      '118000000-11fff0fff : System RAM',
      '120000000-127ffffff : Persistent Memory',
    ].join('\n');
    expect(spansOf(readCapture(withText('iomem', ram)))).toEqual([
      ['dimm0', 32, 33],
      ['dimm1', 33, 35],
    ]);
  });

  it('refuse System RAM where memory_blocks has none', () => {
    expect(refusalOf(withText('iomem', '140000000-147ffffff : System RAM\n'))).toMatch(
      /^iomem puts memory40 into dimm0, and the machine has no such block/,
    );
  });

  it('are unknown, with a caveat, where iomem hides its addresses or is missing', () => {
    const hidden = readCapture(withText('iomem', '00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n'));
    expect([hidden.dimms, hidden.caveats.at(-1)]).toEqual([[], expect.stringContaining('Capture it as root')]);
    const missing = readCapture(withText('iomem', null));
    expect([missing.dimms, missing.caveats.at(-1)]).toEqual([[], expect.stringContaining('neither dimms nor iomem')]);
  });

  it('are of the node whose zone they are in', () => {
    const sketch = new Sketch();
    sketch.zones = [0, 1].map((node) => ({ kind: 'Movable', node, start: node * 2048, spanned: 2048 }));
    sketch.texts.dimms = 'PNP0C80:00 memory5\nPNP0C80:01 memory1\n';
    expect(sketch.read().dimms.map(({ node }) => node)).toEqual([1, 0]);
  });

  it('in no zone are of node 0, with a caveat where there are several nodes', () => {
    const sketch = new Sketch();
    sketch.zones = [0, 1].map((node) => ({ kind: 'Movable', node, start: node * 1024, spanned: 1024 }));
    sketch.texts.memory_blocks = Array.from(
      { length: 8 },
      (_, block) => `memory${block} ${block < 4 ? 'online' : 'offline'} 1 Movable\n`,
    ).join('');
    sketch.texts.dimms = 'PNP0C80:00 memory5\n';
    const { dimms, caveats } = sketch.read();
    expect(dimms[0]?.node).toBe(0);
    expect(caveats.join()).toContain('PNP0C80:00 is in no zone');
  });
});
