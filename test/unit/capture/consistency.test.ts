import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readCapture } from '../../../src/capture/index.js';
import { copyOf, KPF, NR_PFNS, refusalOf, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

const MIXED = 'mixed-offline/before-memory32';

function withText(name: string, change: (text: string) => string): string {
  const directory = copyOf(MIXED);
  const before = readFileSync(join(directory, name), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(directory, name), after);
  return directory;
}

function withPages(name: string, change: (bytes: Buffer) => Buffer): string {
  const directory = copyOf(MIXED);
  const path = join(directory, `${name}.gz`);
  writeFileSync(path, gzipSync(change(gunzipSync(readFileSync(path))), { level: 1 }));
  return directory;
}

describe('files that contradict each other', () => {
  it('are kpageflags and kpagecount of different lengths', () => {
    expect(refusalOf(withPages('kpagecount', (bytes) => bytes.subarray(0, -8)))).toMatch(
      /^kpagecount describes 1,310,719 pages and kpageflags 1,310,720: .*take the capture again/,
    );
  });

  it('are a zoneinfo that reaches further than kpageflags', () => {
    const directory = withPages('kpageflags', (bytes) => bytes.subarray(0, 1_179_648 * 8));
    expect(refusalOf(directory)).toMatch(
      /^zoneinfo has zone Movable up to pfn:0x13ffff, and kpageflags ends at pfn:0x11ffff: take the capture again/,
    );
  });

  it('are memory_blocks with an online block beyond kpageflags, but not with an offline one', () => {
    expect(refusalOf(withText('memory_blocks', (text) => `${text}memory40 online 1 Movable\n`))).toMatch(
      /^memory_blocks says that memory40 is online, and kpageflags ends at pfn:0x13ffff, before it/,
    );
    const image = readCapture(withText('memory_blocks', (text) => `${text}memory40 offline 1 Normal Movable\n`));
    expect(image.nrPfns).toBe(41 * 32768);
    expect(image.blocks.at(-1)).toEqual({ block: 40, state: 3, zoneKinds: ['Normal', 'Movable'] });
  });

  it('are a zoneinfo that manages more pages than there are', () => {
    const more = (text: string) => text.replace('managed  262144', 'managed  362144');
    expect(refusalOf(withText('zoneinfo', more))).toMatch(
      /^zoneinfo counts 526,924 pages of memory and kpageflags has/,
    );
    const little = (text: string) => text.replace('managed  262144', 'managed  270000');
    expect(() => readCapture(withText('zoneinfo', little))).not.toThrow();
  });

  it('are free pages that differ by more than a twentieth of the zone', () => {
    const away = (nrFree: number) =>
      withText('zoneinfo', (text) => text.replace('pages free     110718', `pages free     ${nrFree}`));
    const remarks = (nrFree: number) =>
      readCapture(away(nrFree)).caveats.filter((each) => each.includes('much happened'));
    // A twentieth of 262,144, and the 1,864 pages that per-CPU lists may have given or taken.
    const leeway = 13_107 + 1864;
    expect(remarks(110_718 - leeway)).toEqual([]);
    expect(remarks(110_718 + leeway)).toEqual([]);
    expect(remarks(110_718 + leeway + 2)).toEqual([
      'Zone Movable has 110,718 free pages in kpageflags and 125,691 in zoneinfo: much happened between the two, and ' +
        'kpageflags is believed.',
    ]);
    expect(remarks(110_718 - leeway - 2)).toHaveLength(1);
    const busy = 65_536 + 1864;
    expect(remarks(110_718 + busy)).toHaveLength(1);
    expect(refusalOf(away(110_718 + busy + 2))).toMatch(
      /^Zone Movable has 110,718 free pages in kpageflags and 178,120 in zoneinfo: .*take the capture again/,
    );
    expect(refusalOf(away(110_718 - busy - 2))).toMatch(/^Zone Movable has 110,718 free pages/);
  });

  it('are a block further away than any page can be', () => {
    expect(refusalOf(withText('memory_blocks', (text) => `${text}memory9000 offline 1 Normal\n`))).toMatch(
      /^The capture describes 294,944,768 pages, and at most 268,435,456 \(1 TiB\) can be handled/,
    );
  });

  it('are a machine without memory', () => {
    expect(refusalOf(withPages('kpageflags', (bytes) => Buffer.alloc(bytes.length, nopage())))).toMatch(
      /leave no page of memory/,
    );
    const offline = withText('memory_blocks', (text) => text.replaceAll('online', 'offline'));
    expect(refusalOf(offline)).toMatch(/leave no page of memory/);
  });
});

function nopage(): Buffer {
  const word = Buffer.alloc(8);
  word.writeUInt32LE(KPF.NOPAGE);
  return word;
}

describe('pages that are not there', () => {
  it('are those of offline blocks, whatever kpageflags says of them', () => {
    const sketch = new Sketch();
    sketch.texts.memory_blocks = (sketch.texts.memory_blocks as string).replace('memory3 online', 'memory3 offline');
    sketch.zones = [{ kind: 'Movable', managed: NR_PFNS - 512, free: NR_PFNS - 512 }];
    const { flags, blocks } = sketch.read();
    expect(blocks[3]?.state).toBe(3);
    expect([...new Set(flags.subarray(3 * 512, 4 * 512))]).toEqual([KPF.NOPAGE]);
    expect(flags[4 * 512]).toBe(KPF.BUDDY);
  });

  it('are those outside the blocks, with a caveat, and those of going-offline blocks are not', () => {
    const sketch = new Sketch();
    const lines = (sketch.texts.memory_blocks as string).split('\n');
    lines[2] = 'memory2 going-offline 1 Movable';
    sketch.texts.memory_blocks = lines.slice(0, 7).join('\n');
    sketch.zones = [{ kind: 'Movable', managed: NR_PFNS - 512, free: NR_PFNS - 512 }];
    const { flags, blocks, caveats } = sketch.read();
    expect(blocks.map(({ state }) => state)).toEqual([1, 1, 2, 1, 1, 1, 1]);
    expect(flags[2 * 512]).toBe(KPF.BUDDY);
    expect(flags[7 * 512]).toBe(KPF.NOPAGE);
    expect(caveats.join()).toContain('512 pages in no block that memory_blocks lists');
  });

  it('are those outside the zones, with a caveat', () => {
    const sketch = new Sketch();
    sketch.zones = [{ kind: 'Movable', start: 1024, spanned: NR_PFNS - 1024 }];
    const { flags, caveats } = sketch.read();
    expect(flags[1023]).toBe(KPF.NOPAGE);
    expect(flags[1024]).toBe(KPF.BUDDY);
    expect(caveats.join()).toContain('1,024 pages in no zone of zoneinfo');
  });
});
