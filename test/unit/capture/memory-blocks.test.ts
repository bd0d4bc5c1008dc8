import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture } from '../../../src/capture/index.js';
import { copyOf, fixture, KPF, refusalOf, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

const MIXED = 'mixed-offline/before-memory32';

function withText(name: string, text: string): Sketch {
  const sketch = new Sketch();
  sketch.texts[name] = text;
  return sketch;
}

describe('block_size_bytes', () => {
  it.each(['0', '300000', '80000', '0x8000000', 'eight', '', '-8000000'])('refuses "%s"', (text) => {
    expect(refusalOf(withText('block_size_bytes', text).write())).toMatch(
      /^block_size_bytes says ".*", which is no power of two of at least 1 MiB in hexadecimal: copy it/,
    );
  });

  it('is hexadecimal, 1 MiB at least', () => {
    expect(readCapture(fixture(MIXED)).blockPages).toBe(32768);
    const small = withText('block_size_bytes', '100000\n');
    small.texts.memory_blocks = Array.from({ length: 16 }, (_, block) => `memory${block} online 1 Movable`).join('\n');
    expect(small.read()).toMatchObject({ blockPages: 256, nrPfns: 4096 });
  });

  it('is taken as 128 MiB if missing, and said so', () => {
    const directory = copyOf(MIXED);
    rmSync(join(directory, 'block_size_bytes'));
    const image = readCapture(directory);
    expect(image.blockPages).toBe(32768);
    expect(image.caveats).toContain(
      'The capture lacks block_size_bytes: memory blocks are taken to be 128 MiB, as x86-64 usually has them.',
    );
  });
});

describe('memory_blocks', () => {
  it.each([
    ['block7 online 1 Movable', 1],
    ['memory7 melted 1 Movable', 1],
    ['memory7', 1],
    ['memory1 online 1 Movable\nmemory1 online 1 Movable', 2],
  ])('refuses %j', (text, line) => {
    const refusal = refusalOf(withText('memory_blocks', text).write());
    expect(refusal).toContain(`Line ${line} of memory_blocks`);
    expect(refusal).toContain('write "memoryN state removable valid_zones..."');
  });

  it('refuses to be empty', () => {
    expect(refusalOf(withText('memory_blocks', '\n').write())).toContain('memory_blocks lists no block');
  });

  it('is sorted by number, whatever order a directory has', () => {
    const { blocks } = readCapture(fixture(MIXED));
    expect(blocks.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 38, 39]);
  });

  it('missing: blocks with pages are online, and in a zone if that has them whole', () => {
    const directory = copyOf(MIXED);
    const listed = readCapture(directory);
    rmSync(join(directory, 'memory_blocks'));
    const derived = readCapture(directory);
    expect(derived.blocks).toEqual(listed.blocks);
    expect(derived.dimms).toEqual(listed.dimms);
    expect(derived.caveats.join('\n')).toContain('lacks memory_blocks');
    expect(derived.caveats).toHaveLength(listed.caveats.length + 1);
  });

  it('missing: a block without pages is a hole', () => {
    const sketch = withText('memory_blocks', '');
    sketch.texts.memory_blocks = null;
    sketch.draw(512, [KPF.NOPAGE], 512);
    sketch.zones = [{ kind: 'Movable', managed: 7 * 512 }];
    expect(sketch.read().blocks.map(({ block }) => block)).toEqual([0, 2, 3, 4, 5, 6, 7]);
  });
});

it('copies states and zones as they are', () => {
  const text = readFileSync(join(fixture(MIXED), 'memory_blocks'), 'utf8');
  const directory = copyOf(MIXED);
  writeFileSync(
    join(directory, 'memory_blocks'),
    text.replace('memory5 online 1 DMA32', 'memory5 online 1 DMA32 Movable'),
  );
  expect(readCapture(directory).blocks[5]).toEqual({ block: 5, state: 1, zoneKinds: ['DMA32', 'Movable'] });
});
