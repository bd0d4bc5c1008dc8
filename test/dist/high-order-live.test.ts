import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { put, removeTrees, unfoldCapture } from '../unit/linux/trees.js';
import { type Ended, vacate, vacateAll } from './run-cli.js';
import { hasTerminals, onTerminal } from './terminal.js';

const CAPTURE = 'skew-compact/before-compact';
const FILE = 'proc/sys/vm/compact_memory';
const JOURNAL = 'var/lib/vacate/journal';
/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;

afterAll(removeTrees);

function host(): string {
  const root = unfoldCapture(CAPTURE);
  put(root, {
    [FILE]: '',
    'proc/sys/vm/compact_unevictable_allowed': '1\n',
    'sys/devices/system/node/node0/compact': '',
  });
  return root;
}

/** Everything that a look at a folder could change. */
function stateOf(root: string): Record<string, string> {
  const state: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, mode, size } = lstatSync(path);
    state[path] = `${mtimeMs} ${mode} ${size} ${entry.isFile() ? readFileSync(path, 'base64') : ''}`;
  }
  return state;
}

const live = (root: string, ...args: string[]) => ['high-order', 'live', '--root', root, ...args];
const linesOf = (text: string) => text.split('\n').slice(0, -1);
const kindsIn = (root: string) =>
  linesOf(readFileSync(join(root, JOURNAL), 'utf8')).map((line) => JSON.parse(line).kind);

function expectSentence({ stdout, stderr }: Ended, says: RegExp): void {
  expect(stdout).toBe('');
  expect(stderr).toMatch(says);
  expect(linesOf(stderr)).toHaveLength(1);
}

describe('vacate high-order live', () => {
  const root = host();
  const before = stateOf(root);
  let text: Ended;
  let json: Ended;
  let capture: Ended;

  beforeAll(async () => {
    [text, json, capture] = (await vacateAll([
      live(root, '--count', '600'),
      live(root, '--json'),
      ['high-order', `test/fixtures/captures/${CAPTURE}`, '--what-if', '--json'],
    ])) as [Ended, Ended, Ended];
  }, PATIENCE_MS);

  it('forecasts what compaction gives and costs, and writes nothing', () => {
    expect([json.exitCode, json.stderr]).toEqual([0, '']);
    expect(stateOf(root)).toEqual(before);
    const report = JSON.parse(json.stdout);
    expect(report).toMatchObject({
      command: 'high-order',
      machine: 'guest-7',
      rules: '6.1',
      strategy: 'compaction',
      committed: false,
      outcome: 'forecast',
      order: 9,
      blockBytes: 2 * 1024 * 1024,
      node: null,
      measured: null,
      writes: [],
    });
    expect(report.zones.map((zone: { zone: string }) => zone.zone)).toEqual(['DMA', 'DMA32', 'Movable']);
    expect(report.pagesMigrated).toBeGreaterThan(report.lowerBound);
    const { asked, now, afterCompaction, afterDropCaches, direct, limitedBy } = report.hugePages;
    expect([asked, direct]).toEqual(['all', null]);
    expect(now).toBeLessThan(afterCompaction);
    expect(afterDropCaches).toBeGreaterThanOrEqual(afterCompaction);
    expect(limitedBy.nrBlocks).toBeGreaterThan(limitedBy.blocks.length);
    expect(limitedBy.blocks).toHaveLength(16);
    const barred = limitedBy.ranges.reduce(
      (sum: number, range: { start: number; end: number }) => sum + range.end - range.start,
      0,
    );
    expect(barred / 512).toBe(limitedBy.nrBlocks);
    for (const { nrPages, byKind, pfns, start, block } of limitedBy.blocks) {
      expect(Object.values<number>(byKind).reduce((sum, pages) => sum + pages, 0)).toBe(nrPages);
      expect(pfns.length).toBe(Math.min(16, nrPages));
      expect(Math.floor(start / 32_768)).toBe(block);
    }
  });

  it('says the same of a capture', () => {
    const { machine: _host, ...ofHost } = JSON.parse(json.stdout);
    const { machine: _capture, ...ofCapture } = JSON.parse(capture.stdout);
    expect({ ...ofHost, caveats: [] }).toEqual({ ...ofCapture, caveats: [] });
  });

  it('says in 80 columns whether a wish comes true, and by which blocks it is limited', () => {
    expect([text.exitCode, text.stderr]).toEqual([1, '']);
    expect(text.stdout).not.toContain('\u001b');
    expect(linesOf(text.stdout).filter((line) => line.length > 80 || line.endsWith(' '))).toEqual([]);
    expect(text.stdout).toContain('Nothing was');
    expect(text.stdout).toMatch(/After compaction \d+ of 600 blocks of 2 MiB/);
    expect(text.stdout).toMatch(/600, each compacting +\d+ {2}no more; [\d,]+ pages moved/);
    expect(text.stdout).toMatch(/ {2}0x[0-9a-f]+ +memory\d+ +\w+ +[\d,]+ \w+/);
  });
});

/** Its kernel does not come back: whoever opens that file for writing waits for a reader, who never comes. */
function mute(): string {
  const root = host();
  rmSync(join(root, FILE));
  execFileSync('mkfifo', [join(root, FILE)]);
  return root;
}

describe('vacate high-order live --commit', () => {
  const slow = mute();
  let timeIsUp: Promise<Ended>;

  // It does nothing but wait, so that others may run beside it.
  beforeAll(() => {
    timeIsUp = vacate(live(slow, '--commit', '--timeout', '20s'));
  });

  afterAll(() => timeIsUp);

  it(
    'writes once, measures, and keeps a journal',
    async () => {
      const root = host();
      const { exitCode, stdout, stderr } = await vacate(live(root, '--commit', '--json', '--count', '64'));
      expect([exitCode, stderr]).toEqual([0, '']);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({
        committed: true,
        outcome: 'done',
        writes: [{ path: `/${FILE}`, word: '1', error: null }],
      });
      expect(report.measured.zones).toHaveLength(3);
      expect(report.measured.counted.pgmigrate_success).toBe(0);
      expect(report.hugePages.direct.got).toBe(64);
      expect(readFileSync(join(root, FILE), 'utf8')).toBe('1');
      expect(kindsIn(root)).toEqual(['begin', 'write', 'wrote', 'end']);
    },
    PATIENCE_MS,
  );

  it(
    'ends a kernel that does not come back, by Ctrl-C',
    async () => {
      const root = mute();
      const hasBegun = () => existsSync(join(root, JOURNAL)) && kindsIn(root).includes('write');
      const { exitCode, stdout, stderr } = await vacate(live(root, '--commit', '--json'), { interruptWhen: hasBegun });
      expect([exitCode, stderr]).toEqual([130, '']);
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'interrupted', measured: { error: 'EINTR' } });
    },
    PATIENCE_MS,
  );

  it(
    'says what the kernel said if it refuses',
    async () => {
      const root = host();
      rmSync(join(root, FILE));
      mkdirSync(join(root, FILE));
      const { exitCode, stdout } = await vacate(live(root, '--commit'));
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/^✗ The kernel did not compact memory of guest-7: EISDIR/);
      expect(kindsIn(root)).toEqual(['begin', 'write', 'wrote', 'end']);
    },
    PATIENCE_MS,
  );

  it(
    'ends a kernel that does not come back when time is up',
    async () => {
      const { exitCode, stdout, stderr } = await timeIsUp;
      expect([exitCode, stderr]).toEqual([64, '']);
      expect(stdout).toMatch(/^◐ Time was up after/);
      expect(kindsIn(slow)).toEqual(['begin', 'write', 'wrote', 'end']);
    },
    PATIENCE_MS,
  );
});

describe('vacate high-order live --commit, looked at', () => {
  /** Plays a kernel that frees pages 8,192 to 12,287 and one block of the highest order in each zone. */
  function compactSome(root: string): void {
    const buddyinfo = readFileSync(join(root, 'proc/buddyinfo'), 'utf8');
    const oneMore = buddyinfo.replace(/(\d+)(\s*)$/gm, (_, blocks, end) => `${Number(blocks) + 1}${end}`);
    const pages = (file: string, word: bigint) => {
      const words = new BigUint64Array(Uint8Array.from(gunzipSync(readFileSync(join(root, file)))).buffer);
      return gzipSync(new Uint8Array(words.fill(word, 8192, 12_288).buffer), { level: 1 });
    };
    const KPF_BUDDY = 10n;
    put(root, {
      'proc/buddyinfo': oneMore,
      'proc/kpageflags.gz': pages('proc/kpageflags.gz', 1n << KPF_BUDDY),
      'proc/kpagecount.gz': pages('proc/kpagecount.gz', 0n),
    });
  }

  const itOnTerminals = hasTerminals ? it : it.skip;

  itOnTerminals(
    'draws free blocks and the map while the kernel is at it, and a report of before and after',
    async () => {
      const root = mute();
      const file = join(root, 'report.html');
      let kernel: ChildProcess | null = null;
      const { exitCode, written } = await onTerminal(
        live(root, '--commit', '--timeout', '60s', '--map', 'order', '--html', file),
        {
          onWritten: (text) => {
            if (text.includes('as in the beginning') && kernel === null) {
              compactSome(root);
              kernel = spawn('true');
            }
            if (/\d more/.test(text) && kernel?.spawnfile === 'true') kernel = spawn('cat', [join(root, FILE)]);
            return null;
          },
        },
      );
      expect(exitCode).toBe(0);
      for (const says of ['The kernel compacts memory of guest-7', 'free blocks of 2 MiB: ', 'pages as they were'])
        expect(written).toContain(says);
      expect(written).toMatch(/order 10/);
      const html = readFileSync(file, 'utf8');
      const pathsOf = (caption: string) =>
        /<svg [^>]*by page type[^>]*>(.*?)<\/svg>/.exec(html.split(`<b>${caption}.</b></figcaption>`)[1]!)![1];
      expect(pathsOf('After') === pathsOf('Before')).toBe(false);
      expect(html).toContain('<b>Free memory by order.</b>');
      for (const bar of ['node 0, Movable before', 'node 0, Movable after']) expect(html).toContain(`>${bar}</text>`);
      for (const title of ['What compaction did, beside what was forecast', 'What limits it'])
        expect(html).toContain(`<h2>${title}</h2>`);
      const [, after, before] = html.match(/<dt>Free blocks of 2 MiB<\/dt><dd>([\d,]+)<small>([\d,]+) before</)!;
      const count = (text: string | undefined) => Number(text!.replace(/,/g, ''));
      // Blocks of order 10 count twice.
      expect(count(after) - count(before)).toBe(2 * 3);
    },
    PATIENCE_MS,
  );

  it(
    'says in the report that the pages were not read again where somebody waited',
    async () => {
      const root = mute();
      const file = join(root, 'report.html');
      const hasBegun = () => existsSync(join(root, JOURNAL)) && kindsIn(root).includes('write');
      const { exitCode } = await vacate(live(root, '--commit', '--html', file), { interruptWhen: hasBegun });
      expect(exitCode).toBe(130);
      const html = readFileSync(file, 'utf8');
      expect(html).toContain('<b>Before.</b>');
      expect(html).not.toContain('<b>After.</b>');
      expect(html).toContain('The pages were not read again after the run');
    },
    PATIENCE_MS,
  );
});

describe('what vacate high-order live cannot do', () => {
  const root = host();
  const bare = unfoldCapture(CAPTURE);
  const before = [stateOf(root), stateOf(bare)];
  const capture = `test/fixtures/captures/${CAPTURE}`;
  const CASES: readonly (readonly [args: readonly string[], exitCode: number, says: RegExp])[] = [
    [live(root, '--order', '10'), 2, /--order 10: the kernel's compaction works within pageblocks/],
    [live(root, '--order', '99'), 2, /--order cannot be "99"/],
    [live(root, '--node', '9', '--commit'), 2, /--node 9: .* has no node9/],
    [live(root, '--node', '9'), 2, /--node 9 is no node with memory of guest-7; it has 0/],
    [live(root, '--node', 'x'), 2, /--node cannot be "x"/],
    [live(root, '--count', '0'), 2, /--count cannot be "0"/],
    [live(bare, '--commit'), 1, /compact_memory is not there: this kernel is built without compaction/],
    [live(`${root}/nowhere`), 2, /nowhere" is not there/],
    [['high-order', capture, '--what-if', '--commit'], 2, /--commit is for the machine "live"/],
    [['high-order', capture, '--what-if', '--root', root], 2, /--root is for the machine "live"/],
    [
      ['high-order', capture, '--order', '9', '--count', '1', '--commit'],
      2,
      /--commit is for the kernel's own compaction/,
    ],
    [
      live(root, '--order', '9', '--count', '1', '--strategy', 'merged', '--commit'),
      2,
      /--commit is for the kernel's own/,
    ],
    [['high-order', capture, '--what-if', '--strategy', 'merged'], 2, /leave one out/],
    [live(root, '--map', 'order'), 2, /--map shows what a run does, and without --commit nothing is done/],
    [live(root, '--html', 'x.html'), 2, /--html shows what a run does, and without --commit nothing is done/],
    [
      ['high-order', capture, '--what-if', '--map', 'type'],
      2,
      /--map shows what a run does, and --what-if does nothing; leave it out, or run "vacate inspect .* --map COLOURS"/,
    ],
    [['high-order', capture, '--order', '9'], 2, /required option '--count <number>' not specified/],
  ];
  let answers: Ended[] = [];

  beforeAll(async () => {
    answers = await vacateAll(CASES.map(([args]) => args));
  }, PATIENCE_MS);

  it.each(
    CASES.map(
      ([args, exitCode, says], at) =>
        [args.join(' ').replaceAll(root, '…').replaceAll(bare, '…'), exitCode, says, at] as const,
    ),
  )('vacate %s: ends with %d', (_line, exitCode, says, at) => {
    expectSentence(answers[at] as Ended, says);
    expect(answers[at]!.exitCode).toBe(exitCode);
  });

  it('changes nothing', () => expect([stateOf(root), stateOf(bare)]).toEqual(before));
});
