import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { VacateError } from '../../../src/base/vacate-error.js';
import { blocksJson, blocksReport, blocksText } from '../../../src/cli/inspect/inspect-blocks.js';
import { inspectJson } from '../../../src/cli/inspect/inspect-json.js';
import { inspectReport } from '../../../src/cli/inspect/inspect-report.js';
import { inspectText } from '../../../src/cli/inspect/inspect-text.js';
import { Interrupts } from '../../../src/cli/interrupts.js';
import { openMachine } from '../../../src/cli/open-machine.js';
import { createPalette } from '../../../src/cli/palette.js';
import { Progress } from '../../../src/cli/progress.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { whyNoPages } from '../../../src/linux/live-files.js';
import { ANON_PAGE, removeTemporaryDirectories, Sketch } from '../capture/sketch.js';
import { emptyTree, put, removeTrees, treeOfSketch } from './trees.js';

/*
 * Whatever stands in /proc and /sys, there is either a result, or a VacateError: one sentence on one line that a terminal
 * can be shown. Each run spoils one to three text files of a recorded tree, and looks at all that inspect would print.
 * A failure prints its seed; put it into SEED to see it again.
 */

/** Other tests share the processors. */
jest.setTimeout(60_000);

afterAll(() => {
  removeTrees();
  removeTemporaryDirectories();
});

const SEED = Number(process.env.VACATE_FUZZ_SEED ?? 20_041_101);
const RUNS = 300;
/** Far more than a run on this small tree takes, on however busy a machine. */
const TIME_LIMIT_MS = 20_000;

const options = { progress: new Progress(process.stderr), interrupts: new Interrupts() };
const palette = createPalette(false);

/** What `vacate inspect live --root` would print, both ways. */
async function inspectTree(root: string): Promise<string> {
  const tree = new LinuxTree(root);
  const obstacle = whyNoPages(tree);
  if (obstacle !== null) {
    const report = blocksReport(tree, obstacle);
    return `${blocksText(report, palette).join('\n')}\n${JSON.stringify(blocksJson(report))}`;
  }
  const report = inspectReport(await openMachine('live', { ...options, root }));
  return `${inspectText(report, palette).join('\n')}\n${JSON.stringify(inspectJson(report))}`;
}

const isControl = (text: string) => /[^\P{Cc}\n]|\p{Bidi_Control}/u.test(text);

async function endsWell(root: string): Promise<string> {
  const begun = performance.now();
  const text = await inspectTree(root).catch((error: unknown) => {
    if (!VacateError.is(error)) throw error;
    expect(error.message).not.toContain('\n');
    expect(error.message.length).toBeLessThan(600);
    return error.message;
  });
  expect(isControl(text)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(TIME_LIMIT_MS);
  return text;
}

function textFilesOf(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    const stats = lstatSync(join(root, path));
    if (stats.isSymbolicLink()) return [];
    return stats.isDirectory() ? textFilesOf(root, path) : name.startsWith('kpage') ? [] : [path];
  });
}

const EVIL = [
  '\u001b[2J\u001b]0;owned\u0007',
  '\0\0\0',
  '\u202edcba',
  'memory-1',
  'memory99999999999999999999',
  '-9',
  '1e309',
  'NaN',
  '0x',
  '18446744073709551616',
  '9'.repeat(400),
  '__proto__',
  'constructor',
  '%s%n',
  '../../../etc/passwd',
  '\r\n\v\f',
  '\ud800',
];

type Spoil = (text: string) => string;

const spoil: fc.Arbitrary<Spoil> = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map(
    (part): Spoil =>
      (text) =>
        text.slice(0, Math.floor(part * text.length)),
  ),
  fc.nat(200).map(
    (line): Spoil =>
      (text) => {
        const lines = text.split('\n');
        const at = line % lines.length;
        return [...lines.slice(0, at), lines[at]!, ...lines.slice(at)].join('\n');
      },
  ),
  fc.nat(200).map(
    (line): Spoil =>
      (text) => {
        const lines = text.split('\n');
        lines.splice(line % lines.length, 1);
        return lines.join('\n');
      },
  ),
  fc.tuple(fc.nat(400), fc.constantFrom(...EVIL)).map(
    ([nth, evil]): Spoil =>
      (text) =>
        replaceNth(text, /\d+/g, nth, evil),
  ),
  fc.tuple(fc.nat(400), fc.constantFrom(...EVIL)).map(
    ([nth, evil]): Spoil =>
      (text) =>
        replaceNth(text, /\S+/g, nth, evil),
  ),
  fc.tuple(fc.nat(400), fc.bigInt({ min: 0n, max: 2n ** 70n })).map(
    ([nth, number]): Spoil =>
      (text) =>
        replaceNth(text, /\d+/g, nth, `${number}`),
  ),
  fc.tuple(fc.nat(5000), fc.uint8Array({ maxLength: 40 })).map(
    ([at, bytes]): Spoil =>
      (text) =>
        text.slice(0, at % (text.length + 1)) +
        Buffer.from(bytes).toString('latin1') +
        text.slice(at % (text.length + 1)),
  ),
  fc.constantFrom<Spoil>(
    () => '',
    () => '\n',
    (text) => `${'x'.repeat(300_000)}\n${text}`,
    (text) => text.replaceAll('\n', ' '),
    (text) => `${text}${text}`,
    (text) => text.repeat(30),
    (text) => text.toUpperCase(),
    (text) => [...text].reverse().join(''),
  ),
);

function replaceNth(text: string, what: RegExp, nth: number, by: string): string {
  const found = [...text.matchAll(what)];
  const match = found[nth % Math.max(1, found.length)];
  if (match === undefined) return text;
  return text.slice(0, match.index) + by + text.slice(match.index + match[0].length);
}

function sketch(): Sketch {
  const drawn = new Sketch().draw(100, [ANON_PAGE, 0, 1], 700).draw(2000, [ANON_PAGE, 0, 2], 30);
  drawn.zones = [
    { kind: 'DMA32', start: 0, spanned: 1024 },
    { kind: 'Normal', start: 1024, spanned: 2048 },
    { kind: 'Movable', start: 3072, spanned: 1024 },
  ];
  const zoneAt = (block: number) => (block < 2 ? 'DMA32' : block < 6 ? 'Normal' : 'Movable');
  drawn.texts.memory_blocks = Array.from(
    { length: 8 },
    (_, block) => `memory${block} online 1 ${zoneAt(block)}\n`,
  ).join('');
  drawn.texts.buddyinfo = 'Node 0, zone    DMA32 1 2 3 0 0 0 0 0 0 0 1\nNode 0, zone   Normal 0 0 0 0 0 0 0 0 0 0 1\n';
  drawn.texts.pagetypeinfo =
    'Node    0, zone   Normal, type    Unmovable      0      0      0\n' +
    'Number of blocks type     Unmovable      Movable  Reclaimable\n' +
    'Node 0, zone    DMA32            1            1            0\n' +
    'Node 0, zone   Normal            1            2            1\n' +
    'Node 0, zone  Movable            0            2            0\n';
  drawn.texts.vmstat = 'nr_free_pages 3000\npgmigrate_success 1\nnr_sec_page_table_pages 0\n';
  return drawn;
}

it('a tree that nobody has spoilt is read', async () => {
  const root = treeOfSketch(sketch());
  const text = await endsWell(root);
  expect(text).toContain('Memory blocks');
  expect(text).toContain('"machine":"guest-7"');
});

it('any text may be spoilt: there is a result, or one sentence', async () => {
  const root = treeOfSketch(sketch());
  const paths = textFilesOf(root);
  const whole = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const endings = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...paths), spoil), { minLength: 1, maxLength: 3 }),
      async (changes) => {
        for (const [path, change] of changes) put(root, { [path]: Buffer.from(change(whole.get(path)!), 'latin1') });
        const text = await endsWell(root).finally(() => {
          for (const [path] of changes) writeFileSync(join(root, path), whole.get(path)!);
        });
        const ending = text.includes('"command":"inspect"') ? 'result' : 'sentence';
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  // If nothing were ever refused, or everything, the test would not have tried much.
  expect(endings.get('result')).toBeGreaterThan(RUNS / 20);
  expect(endings.get('sentence')).toBeGreaterThan(RUNS / 20);
}, 300_000);

it('memory blocks alone may be spoilt as well', async () => {
  const root = emptyTree();
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        block_size_bytes: fc.oneof(fc.constantFrom('8000000\n', ...EVIL), fc.string()),
        state: fc.oneof(fc.constantFrom('online\n', 'offline\n', ...EVIL), fc.string()),
        removable: fc.oneof(fc.constantFrom('1\n', ...EVIL), fc.string()),
        valid_zones: fc.oneof(fc.constantFrom('Normal\n', 'Normal Movable\n', ...EVIL), fc.string()),
      }),
      async ({ block_size_bytes, ...files }) => {
        const memory = 'sys/devices/system/memory';
        put(root, { [`${memory}/block_size_bytes`]: block_size_bytes, [`${memory}/auto_online_blocks`]: 'online\n' });
        for (const [name, text] of Object.entries(files)) put(root, { [`${memory}/memory7/${name}`]: text });
        await endsWell(root);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
}, 120_000);
