import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, ROOT, vacate, vacateAll } from './run-cli.js';

const CAPTURES = 'test/fixtures/captures';
const MIXED = `${CAPTURES}/mixed-offline/before-memory32`;
/** Its DIMMs were onlined as kernel memory, so slabs refuse. */
const KERNEL = `${CAPTURES}/fragslab-offline-kernelzone/before-memory36`;
/** Memory in fragments, of which much can be made whole. */
const SKEWED = `${CAPTURES}/skew-huge/before-huge`;
const TWO_DIMMS = 'examples/scenarios/two-dimms.yaml';
const REFUSALS = 'examples/scenarios/refusals.yaml';
const PLUGINS = 'test/dist/plugins';

/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vacate-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const linesOf = (text: string) => text.split('\n').slice(0, -1);

/** What every output must be: no escape codes where no terminal is, and 80 columns. */
function expectPlain({ stdout, stderr }: Ended): void {
  expect(stdout + stderr).not.toContain('\u001b');
  expect(linesOf(stdout).filter((line) => line.length > 80)).toEqual([]);
  expect(linesOf(stdout).filter((line) => line.endsWith(' '))).toEqual([]);
}

function expectSentence({ stdout, stderr }: Ended, says: string): void {
  expect(stdout).toBe('');
  expect(stderr).toContain(says);
  expect(linesOf(stderr)).toHaveLength(1);
  expect(stderr).toMatch(/^vacate: /);
}

describe('vacate demo', () => {
  let text: Ended;
  let json: Ended;
  let again: Ended;
  let elapsedMs = 0;

  beforeAll(async () => {
    const begun = performance.now();
    text = await vacate(['demo']);
    elapsedMs = performance.now() - begun;
    [json, again] = (await vacateAll([
      ['demo', '--json', '--seed', '7'],
      ['demo', '--json', '--seed', '7'],
    ])) as [Ended, Ended];
  }, PATIENCE_MS);

  it('shows memory before and after, what moved, what it cost, and that every page reads as before', () => {
    expect([text.exitCode, text.stderr]).toEqual([0, '']);
    expectPlain(text);
    const titles = [
      'Before',
      'After',
      'What moved',
      'What it cost',
      'Nobody noticed',
      'A DIMM that refuses',
      'Go on with',
    ];
    const found = titles.map((title) => text.stdout.indexOf(`\n${title}`));
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(found[0]).toBeGreaterThan(0);
    expect(text.stdout).toContain('✓ dimm1 is offline.');
    expect(text.stdout).toMatch(/✓ All [\d,]+ pages read back what was written to them before the run\./);
    expect(text.stdout).toMatch(/│ +offline +│/);
    expect(text.stdout).toMatch(/on [\d.]+ bytes of\sstate a page/);
  });

  it('names every reason of the DIMM that refuses, with pages and first page numbers', () => {
    const refusing = text.stdout.slice(text.stdout.indexOf('A DIMM that refuses'));
    for (const reason of ['reserved', 'unmovable', 'pinned', 'writeback', 'nonlinear-mapping', 'locked'])
      expect(refusing).toMatch(
        new RegExp(`[✗↻] ${reason} {2}[\\d,]+ pages? .*\\n {4}.+\\n(?: {4}.+\\n)? {4}0x[0-9a-f]+`),
      );
    expect(refusing).toContain('✗ holds a page that refuses');
  });

  it('takes seconds', () => {
    expect(elapsedMs).toBeLessThan(30_000);
  });

  it('gives the same as data, and the same again for the same seed', () => {
    expect(json.exitCode).toBe(0);
    const report = JSON.parse(json.stdout);
    expect(Object.keys(report)).toEqual(['command', 'offline', 'refused']);
    expect(report.offline).toMatchObject({ outcome: 'done', seed: 7, readers: { wrong: 0 } });
    expect(report.refused).toMatchObject({ outcome: 'refused', seed: 7, pagesMigrated: 0 });
    expect(again.stdout).toBe(json.stdout);
  });
});

describe('vacate inspect', () => {
  const machines = [MIXED, KERNEL, TWO_DIMMS, 'examples/scenarios/two-node-server.yaml'];
  let texts: Ended[] = [];
  let data: Ended[] = [];

  beforeAll(async () => {
    const answers = await vacateAll([
      ...machines.map((machine) => ['inspect', machine]),
      ...machines.map((machine) => ['inspect', machine, '--json']),
    ]);
    texts = answers.slice(0, machines.length);
    data = answers.slice(machines.length);
  }, PATIENCE_MS);

  it('says what is where, in 80 columns', () => {
    for (const text of texts) {
      expect([text.exitCode, text.stderr]).toEqual([0, '']);
      expectPlain(text);
      for (const title of ['Map', 'Zones', 'DIMMs', 'Memory blocks', 'Pages by kind and zone', 'Free blocks by order'])
        expect(text.stdout).toContain(`\n${title}\n`);
      expect(text.stdout).toMatch(/Simulated in [\d.]+ bytes a page/);
    }
    expect(texts[0]?.stdout).toContain('What the capture does not say');
    expect(texts[2]?.stdout).toContain('a scenario, seed');
  });

  it('has all of it as data', () => {
    for (const each of data) {
      const report = JSON.parse(each.stdout);
      expect(Object.keys(report)).toEqual([
        ...['command', 'machine', 'source', 'seed', 'nrCpus', 'nrPfns', 'bytes', 'blockPages', 'nrSwapSlots'],
        ...['simulated', 'blockBytes', 'onlineBytes', 'offlineBytes', 'memory'],
        ...['nodes', 'zones', 'dimms', 'blocks', 'caveats'],
      ]);
      expect(report.simulated.bytesPerPage).toBeGreaterThan(16);
      for (const zone of report.zones) {
        expect(Object.keys(zone.watermarks)).toEqual(['min', 'low', 'high']);
        expect([zone.freeBlocks, zone.unusableIndex, zone.fragmentationIndex].map((list) => list.length)).toEqual([
          11, 11, 11,
        ]);
        expect(zone.used + zone.free).toBe(zone.present);
      }
      const sum = (list: { used: number; free: number }[]) =>
        list.reduce((all, { used, free }) => all + used + free, 0);
      expect(sum(report.blocks)).toBe(sum(report.zones));
      expect(sum(report.nodes)).toBe(sum(report.zones));
    }
  });

  it('knows a capture’s blocks and DIMMs', () => {
    const report = JSON.parse(data[0]?.stdout ?? '');
    expect(report).toMatchObject({ machine: 'before-memory32', source: 'capture', seed: null, blockPages: 32_768 });
    expect(report.dimms).toMatchObject([
      { name: 'dimm0', node: 0, blocks: [32, 33, 34, 35], online: 4 },
      { name: 'dimm1', node: 0, blocks: [36, 37, 38, 39], online: 4 },
    ]);
    expect(report.blocks.map(({ block }: { block: number }) => block)).toHaveLength(14);
    expect(report.caveats.length).toBeGreaterThan(0);
  });
});

describe('vacate offline', () => {
  let answers: Ended[] = [];

  beforeAll(async () => {
    answers = await vacateAll([
      ['offline', MIXED, '--blocks', '32-33,36'],
      ['offline', MIXED, '--blocks', '32-33,36', '--json'],
      ['offline', MIXED, '--range', '0x100000000-0x107ffffff', '--json'],
      ['offline', TWO_DIMMS, '--dimm', '0', '--timeout', '10m', '--strategy', 'isolate-first'],
      ['offline', MIXED, '--blocks', '32-39', '--strategy', 'isolate-first'],
      ['offline', MIXED, '--blocks', '32-39', '--strategy', 'isolate-first', '--json'],
      ['offline', KERNEL, '--dimm', 'dimm0'],
      ['offline', KERNEL, '--dimm', 'dimm0', '--json'],
      ['offline', REFUSALS, '--dimm', 'dimm0', '--json', '--seed', '3'],
      ['offline', REFUSALS, '--dimm', 'dimm0'],
    ]);
  }, PATIENCE_MS);

  it('takes blocks or a DIMM offline, and ends with 0', () => {
    for (const answer of [answers[0] as Ended, answers[3] as Ended]) {
      expect([answer.exitCode, answer.stderr]).toEqual([0, '']);
      expectPlain(answer);
      expect(answer.stdout).toMatch(/^✓ Offline: blocks /);
      expect(answer.stdout).toMatch(/✓ All [\d,]+ pages read back/);
    }
  });

  it('reports data that scripts can rely on', () => {
    const report = JSON.parse(answers[1]?.stdout ?? '');
    expect(Object.keys(report)).toEqual([
      ...[
        'command',
        'machine',
        'seed',
        'strategy',
        'outcome',
        'pagesMigrated',
        'bytesMigrated',
        'pagesReclaimed',
        'movedByKind',
      ],
      ...['pagesRetried', 'waits', 'passes', 'virtualNs', 'contentsVerified', 'blocks', 'refusals'],
    ]);
    expect(report).toMatchObject({
      command: 'offline',
      machine: 'before-memory32',
      seed: null,
      outcome: 'done',
      refusals: [],
    });
    expect(report.contentsVerified.pages).toBeGreaterThan(100_000);
    expect(report.contentsVerified).toMatchObject({ wrong: 0, firstWrong: null });
    expect(report.blocks).toEqual(
      [32, 33, 36].map((block) => ({ block, state: 'offline', pagesMigrated: expect.any(Number), refusals: [] })),
    );
    const moved = report.blocks.reduce(
      (sum: number, { pagesMigrated }: { pagesMigrated: number }) => sum + pagesMigrated,
      0,
    );
    expect(moved).toBe(report.pagesMigrated);
    const byKind = Object.values(report.movedByKind as Record<string, number>);
    expect(byKind.reduce((sum, pages) => sum + pages, 0)).toBe(report.pagesMigrated);
  });

  it('understands a range as iomem prints it', () => {
    expect(answers[2]?.exitCode).toBe(0);
    expect(JSON.parse(answers[2]?.stdout ?? '').blocks).toMatchObject([{ block: 32, state: 'offline' }]);
  });

  it('ends with 1 for want of room, and says how many pages are missing', () => {
    const [text, json] = [answers[4] as Ended, answers[5] as Ended];
    expect([text.exitCode, json.exitCode]).toEqual([1, 1]);
    expectPlain(text);
    expect(text.stdout).toMatch(/^✗ Still online: blocks 32-39/);
    expect(text.stdout).toMatch(/[\d,]+ (\(.+\) )?(are|is)\s+missing/);
    const report = JSON.parse(json.stdout);
    expect(report).toMatchObject({
      outcome: 'refused',
      pagesMigrated: 0,
      refusals: [{ reason: 'no-room', kind: 'retry' }],
    });
    expect(report.refusals[0].pages).toBeGreaterThan(0);
  });

  it('ends with 1 when pages refuse, and says which and why', () => {
    const [text, kernel, mixed, mixedText] = answers.slice(6) as [Ended, Ended, Ended, Ended];
    expect([text.exitCode, kernel.exitCode, mixed.exitCode, mixedText.exitCode]).toEqual([1, 1, 1, 1]);
    expectPlain(text);
    expectPlain(mixedText);
    expect(text.stdout).toContain('✗ unmovable');
    const report = JSON.parse(kernel.stdout);
    expect(report.outcome).toBe('refused');
    expect(Object.keys(report.refusals[0]).sort()).toEqual(['because', 'handler', 'kind', 'pages', 'pfns', 'reason']);
    expect(report.refusals[0].pfns).toHaveLength(16);
    expect(report.blocks[0]).toMatchObject({
      block: 32,
      state: 'online',
      refusals: [{ reason: 'unmovable', kind: 'permanent' }],
    });
    expect(JSON.parse(mixed.stdout)).toMatchObject({ seed: 3, outcome: 'refused' });
  });
});

describe('vacate high-order', () => {
  let answers: Ended[] = [];

  beforeAll(async () => {
    answers = await vacateAll([
      ['high-order', SKEWED, '--order', '9', '--count', '64'],
      ['high-order', SKEWED, '--order', '9', '--count', '64', '--json', '--strategy', 'cheapest-range'],
      ['high-order', MIXED, '--order', '9', '--count', '100000', '--json'],
      ['high-order', TWO_DIMMS, '--order', '10', '--count', '2', '--seed', '5', '--json'],
    ]);
  }, PATIENCE_MS);

  it('makes free blocks, and shows the lower bound beside the moves', () => {
    expect([answers[0]?.exitCode, answers[0]?.stderr]).toEqual([0, '']);
    expectPlain(answers[0] as Ended);
    expect(answers[0]?.stdout).toContain('✓ 64 of 64 blocks of order 9 (2 MiB) made on before-huge');
    expect(answers[0]?.stdout).toMatch(/\n {2}pages moved +[\d,]+\n {2}lower bound +[\d,]+ {2}\w/);
  });

  it('reports data that scripts can rely on', () => {
    const report = JSON.parse(answers[1]?.stdout ?? '');
    expect(Object.keys(report)).toEqual([
      ...['command', 'machine', 'seed', 'strategy', 'outcome', 'order', 'asked', 'made', 'freeBefore', 'candidates'],
      ...[
        'lowerBound',
        'pagesMigrated',
        'bytesMigrated',
        'pagesReclaimed',
        'movedByKind',
        'pagesRetried',
        'waits',
        'passes',
      ],
      ...['virtualNs', 'contentsVerified', 'scanned', 'ranges', 'refusals'],
    ]);
    expect(report).toMatchObject({ outcome: 'done', asked: 64, made: 64, order: 9, contentsVerified: { wrong: 0 } });
    expect(report.pagesMigrated).toBeGreaterThanOrEqual(report.lowerBound);
    expect(report.ranges).toHaveLength(64);
    expect(JSON.parse(answers[3]?.stdout ?? '')).toMatchObject({ seed: 5, order: 10, asked: 2 });
  });

  it('ends with 64 when only some could be made', () => {
    expect(answers[2]?.exitCode).toBe(64);
    const report = JSON.parse(answers[2]?.stdout ?? '');
    expect(report).toMatchObject({ outcome: 'partial', asked: 100_000, contentsVerified: { wrong: 0 } });
    expect(report.refusals.length).toBeGreaterThan(0);
  });
});

describe('vacate strategies', () => {
  it(
    'lists what can do a job, with modes and switches',
    async () => {
      const [text, json] = (await vacateAll([['strategies'], ['strategies', '--json']])) as [Ended, Ended];
      expect([text.exitCode, text.stderr]).toEqual([0, '']);
      expectPlain(text);
      expect(text.stdout).toMatch(/\n {2}merged {2}\(default\)\n/);
      const { strategies } = JSON.parse(json.stdout);
      expect(strategies.find(({ name }: { name: string }) => name === 'tosatti')).toMatchObject({
        frontEnd: 'high-order',
        modes: ['intended', 'historical', '2005'],
        switches: expect.arrayContaining(['counter-never-reset', 'no-alignment']),
      });
      for (const { about } of strategies) expect(about).not.toBe('');
    },
    PATIENCE_MS,
  );

  it(
    'says of one what each of its modes and switches stands for',
    async () => {
      const [text, json, none] = (await vacateAll([
        ['strategies', 'tosatti'],
        ['strategies', '--json'],
        ['strategies', 'tosati'],
      ])) as [Ended, Ended, Ended];
      expect([text.exitCode, text.stderr]).toEqual([0, '']);
      expectPlain(text);
      expect(text.stdout).toMatch(/\n {2}:intended {2}\(default\)\n {4}\w/);
      expect(text.stdout).toMatch(/\n {2}\+no-alignment\n {4}the run of vacated pages may start anywhere/);
      for (const { name, modes, switches, notes } of JSON.parse(json.stdout).strategies)
        for (const each of [...modes, ...switches]) expect(`${name} ${each}: ${notes[each]}`).toMatch(/: \w.*[^.]$/);
      expect(none.exitCode).toBe(2);
      expectSentence(none, 'there is no strategy "tosati"; did you mean "tosatti"?');
    },
    PATIENCE_MS,
  );
});

describe('vacate handlers', () => {
  it(
    'lists who claims what, in order, with refusals',
    async () => {
      const [text, json] = (await vacateAll([
        ['handlers'],
        ['handlers', '--json', '--plugin', `${PLUGINS}/slow.mjs`],
      ])) as [Ended, Ended];
      expect([text.exitCode, text.stderr]).toEqual([0, '']);
      expectPlain(text);
      expect(text.stdout).toMatch(/1 {2}nonlinear {2}\(asked before the others\)/);
      const { handlers, core } = JSON.parse(json.stdout);
      expect(handlers.map(({ name }: { name: string }) => name)).toEqual([
        ...[
          'nonlinear',
          'hwpoison',
          'offline-pages',
          'device-pinned',
          'thp',
          'ksm',
          'mlocked',
          'shmem',
          'slow',
          'swap-backed',
          'anonymous',
          'file-backed',
          'movable-ops',
          'hugetlb',
        ],
      ]);
      expect(Object.keys(handlers[0])).toEqual(['name', 'claims', 'order', 'refusals']);
      expect(handlers[0].refusals[0]).toMatchObject({ code: 1, id: 'nonlinear-mapping', kind: 'permanent' });
      expect(core.refusals.map(({ id }: { id: string }) => id)).toContain('pinned');
    },
    PATIENCE_MS,
  );
});

describe('help', () => {
  it(
    'has the version, help with examples for every command, and help for nothing at all',
    async () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
      const commands = ['demo', 'inspect', 'offline', 'high-order', 'handlers'];
      const [shown, nothing, help, ...helps] = (await vacateAll([
        ['--version'],
        [],
        ['--help'],
        ...commands.map((command) => [command, '--help']),
      ])) as [Ended, Ended, Ended, ...Ended[]];
      expect(shown).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
      expect([nothing.exitCode, nothing.stdout]).toEqual([2, '']);
      expect(nothing.stderr).toBe(help.stdout);
      expect(help.exitCode).toBe(0);
      for (const command of commands) expect(help.stdout).toMatch(new RegExp(`\\n {2}${command} `));
      for (const each of helps) {
        expect([each.exitCode, each.stderr]).toEqual([0, '']);
        expectPlain(each);
        expect(each.stdout).toContain('Examples:\n  vacate ');
      }
    },
    PATIENCE_MS,
  );
});

describe('bad input', () => {
  const cutShort = join(folder, 'cut-short');
  const noYaml = join(folder, 'no.yaml');
  const noMachine = join(folder, 'no-machine.yaml');
  const textFile = join(folder, 'notes.txt');

  const offline = (...args: string[]) => ['offline', REFUSALS, ...args];
  const acrossHoles = (range: string) => ['offline', MIXED, '--range', range];
  const highOrder = (...args: string[]) => ['high-order', REFUSALS, ...args];
  const plugin = (name: string) => offline('--dimm', 'dimm1', '--plugin', name);

  /** What is typed, the exit code, and a part of the one sentence that answers. */
  const CASES: readonly (readonly [args: readonly string[], exitCode: number, says: string])[] = [
    [['inspect'], 2, "missing required argument 'machine'; see vacate inspect --help"],
    [['inpsect', MIXED], 2, "unknown command 'inpsect'; did you mean inspect?"],
    [['inspect', MIXED, '--jsno'], 2, "unknown option '--jsno'; did you mean --json?"],
    [['inspect', MIXED, KERNEL], 2, "too many arguments for 'inspect'"],
    [['inspect', 'nowhere'], 2, 'there is no file or directory "nowhere"; name a scenario file'],
    [['inspect', 'two-dims'], 2, 'no file or directory "two-dims"; did you mean the shipped scenario "two-dimms"?'],
    [['inspect', 'nowhere.yaml'], 2, 'there is no file or directory "nowhere.yaml"'],
    [['compare', 'live'], 2, 'the live host changes all the time; take a capture of it'],
    [['inspect', textFile], 2, 'is neither a scenario nor a capture'],
    [['inspect', folder], 2, 'holds no kpageflags.gz'],
    [['inspect', `${'x'.repeat(300)}.yaml`], 2, 'cannot be read (ENAMETOOLONG); check its name and its permissions'],
    [['inspect', cutShort], 2, 'kpageflags.gz ends too early'],
    [['inspect', noYaml], 2, 'is no YAML'],
    [['inspect', noMachine], 2, `${noMachine}: `],
    [['inspect', REFUSALS, '--seed', 'x'], 2, '--seed cannot be "x"'],
    [offline(), 2, 'say what goes offline: --dimm NAME, --blocks 32-35 or --range A-B'],
    [offline('--dimm', '0', '--blocks', '4'), 2, '--dimm and --blocks both say what goes offline'],
    [offline('--blocks', '4', '--blocks', '5'), 2, '--blocks is given twice, "4" and "5"; keep one'],
    [offline('--blocks', '7-4'), 2, '--blocks has "7-4", which runs backwards; write 4-7'],
    [offline('--blocks', 'abc'), 2, '--blocks cannot read "abc"'],
    [offline('--blocks', '4,10'), 2, 'memory block 10 does not exist on refusals; it has blocks 0-9'],
    [
      ['offline', MIXED, '--blocks', '10'],
      2,
      'memory block 10 does not exist on before-memory32; it has blocks 0-5,32-39',
    ],
    [offline('--dimm', 'dimm7'), 2, 'refusals has no DIMM "dimm7"; it has dimm0 (blocks 4-7), dimm1 (blocks 8-9)'],
    [offline('--range', 'here-there'), 2, '--range cannot read "here-there"'],
    [offline('--range', '0x8000000-0x9000001'), 2, 'the nearest range that does is 0x8000000-0x9000000'],
    [acrossHoles('0x20000000-0x108000000'), 2, 'crosses a hole; the memory in it is 0x20000000-0x30000000 and 0x100'],
    [acrossHoles('0x40000000-0x48000000'), 2, 'holds no memory; this machine has blocks 0-5,32-39'],
    [
      offline('--blocks', '8', '--strategy', 'magic'),
      2,
      'offline has no strategy "magic"; known are merged, isolate-f',
    ],
    [offline('--blocks', '8', '--strategy', 'isolate-frist'), 2, 'did you mean "isolate-first"?'],
    [offline('--blocks', '8', '--strategy', 'node-remap'), 2, 'strategy node-remap does not apply: it empties whole'],
    [offline('--blocks', '8', '--timeout', 'soon'), 2, '--timeout cannot read "soon"; write a time like 30s'],
    [plugin('./no-such-plugin.js'), 2, 'cannot load plugin "./no-such-plugin.js"'],
    [plugin(`${PLUGINS}/malformed.mjs`), 2, 'refusal 1 ("busy") does not say why'],
    [plugin(`${PLUGINS}/lacks-a-code.mjs`), 2, 'answered 7, which its refusal table lacks; add { id, kind, because }'],
    [plugin(`${PLUGINS}/throws.mjs`), 2, '(pages.frobnicate is not a function); a handler must not throw'],
    [highOrder(), 2, "required option '--order <number>' not specified"],
    [highOrder('--order', '99', '--count', '1'), 2, '--order cannot be "99"; write a number from 1 to 27'],
    [
      highOrder('--order', '10', '--count', '1', '--strategy', 'compaction'),
      2,
      'strategy compaction does not apply: compaction works within pageblocks',
    ],
    [highOrder('--order', '4', '--count', 'some'), 2, '--count cannot be "some"; write how many blocks you want'],
    [highOrder('--order', '4', '--count', '1', '--strategy', 'tosatti+no-alignmnt'), 2, 'did you mean "no-alignment"?'],
    [highOrder('--order', '20', '--count', '1'), 2, 'order 20 is not one of 0 to 15, the orders that this machine has'],
    [highOrder('--order', '-1', '--count', '1'), 2, '--order cannot be "-1"'],
    [highOrder('--order', 'x', '--count', '1'), 2, '--order cannot be "x"'],
    [highOrder('--order', '9', '--count', '0'), 2, '--count cannot be "0"; write how many blocks you want, 1 or more'],
    [highOrder('--order', '9', '--count', '1', '--strategy', 'magic'), 2, 'high-order has no strategy "magic"'],
    [['handlers', '--plugin', `${PLUGINS}/slow.mjs`, '--plugin', `${PLUGINS}/slow.mjs`], 2, 'are both named "slow"'],
  ];
  let answers: Ended[] = [];

  beforeAll(async () => {
    cpSync(join(ROOT, MIXED), cutShort, { recursive: true });
    truncateSync(join(cutShort, 'kpageflags.gz'), 20_000);
    writeFileSync(noYaml, 'name: [unclosed\n');
    writeFileSync(noMachine, 'name: nothing\nndoes: []\n');
    copyFileSync(join(ROOT, 'package.json'), textFile);
    answers = await vacateAll(CASES.map(([args]) => args));
  }, PATIENCE_MS);

  it.each(
    CASES.map(([args, exitCode, says], at) => [args.join(' ').replaceAll(folder, '…'), exitCode, says, at] as const),
  )('vacate %s: ends with %d and says %s', (_line, exitCode, says, at) => {
    const answer = answers[at] as Ended;
    if (answer.stderr.split('\n').length > 2) expect(answer.stderr).toMatch(/^(vacate: .+\n)+$/);
    else expectSentence(answer, says);
    expect(answer.stderr).toContain(says);
    expect([answer.exitCode, answer.stdout]).toEqual([exitCode, '']);
  });

  it('shows a stack only to those who ask', async () => {
    const { stderr } = await vacate(['inspect', 'nowhere'], { env: { VACATE_DEBUG: '1' } });
    expect(stderr).toMatch(/VacateError: there is no file or directory "nowhere".*\n +at /);
  });
});

describe('stopping', () => {
  const slow = ['offline', MIXED, '--dimm', 'dimm0', '--plugin', `${PLUGINS}/slow.mjs`, '--json'];

  it(
    'ends with 130 and a sentence when interrupted in the middle of a run',
    async () => {
      const { exitCode, stdout, stderr } = await vacate(slow, { interruptAt: 'the run has begun' });
      expect([exitCode, stdout]).toEqual([130, '']);
      expect(linesOf(stderr)).toEqual(['the run has begun', expect.stringMatching(/^vacate: interrupted: .+$/)]);
    },
    PATIENCE_MS,
  );

  it(
    'ends with 130 when interrupted while it reads a machine',
    async () => {
      const args = ['offline', MIXED, '--dimm', 'dimm0', '--plugin', `${PLUGINS}/announces.mjs`];
      const { exitCode, stdout, stderr } = await vacate(args, { interruptAt: 'the plugin is loaded' });
      expect([exitCode, stdout]).toEqual([130, '']);
      expect(linesOf(stderr)).toEqual(['the plugin is loaded', 'vacate: interrupted: nothing was changed']);
    },
    PATIENCE_MS,
  );

  it(
    'ends with 1 when the time is up, and says that it can have more',
    async () => {
      const [json, text] = (await vacateAll([
        [...slow, '--timeout', '300ms'],
        ['high-order', MIXED, '--order', '9', '--count', '64', '--timeout', '1ms'],
      ])) as [Ended, Ended];
      const report = JSON.parse(json.stdout);
      expect(json.exitCode).toBe(1);
      expect(report).toMatchObject({
        outcome: 'refused',
        contentsVerified: { wrong: 0 },
        refusals: [{ reason: 'timeout' }],
      });
      expect(report.blocks.map(({ state }: { state: string }) => state)).toEqual(new Array(4).fill('online'));
      expect([text.exitCode, text.stderr]).toEqual([1, '']);
      expectPlain(text);
      expect(text.stdout.replaceAll(/\s+/g, ' ')).toContain('not done after 1 ms: what was under way was put back');
    },
    PATIENCE_MS,
  );

  it(
    'is quiet when nobody reads on',
    async () => {
      const { exitCode, stderr } = await vacate(['inspect', TWO_DIMMS, '--json'], { closeStdout: true });
      expect([exitCode, stderr]).toEqual([0, '']);
    },
    PATIENCE_MS,
  );
});
