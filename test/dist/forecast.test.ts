import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTrees, unfoldCapture } from '../unit/linux/trees.js';
import { type Ended, ROOT, vacate, vacateAll } from './run-cli.js';

const CAPTURES = 'test/fixtures/captures';
const MIXED = `${CAPTURES}/mixed-offline/before-memory32`;
const KERNEL = `${CAPTURES}/fragslab-offline-kernelzone/before-memory36`;
const JOURNAL = `${CAPTURES}/fragslab-offline-kernelzone/before-memory35`;
const PINNED = `${CAPTURES}/pinned-offline/before-memory32`;
const TWO_DIMMS = 'examples/scenarios/two-dimms.yaml';
const THREE = 'test/fixtures/nodes/three.yaml';

/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 300_000;

afterAll(removeTrees);

const linesOf = (text: string) => text.split('\n').slice(0, -1);

function expectPlain({ stdout, stderr }: Ended): void {
  expect(stderr).toBe('');
  expect(stdout).not.toContain('\u001b');
  expect(linesOf(stdout).filter((line) => line.length > 80)).toEqual([]);
  expect(linesOf(stdout).filter((line) => line.endsWith(' '))).toEqual([]);
}

/** A forecast, read back. */
const parse = ({ stdout }: Ended) => JSON.parse(stdout);

describe('vacate forecast', () => {
  it(
    'has a row for each block, the reasons, and what cannot be seen',
    async () => {
      const ended = await vacate(['forecast', KERNEL]);
      expect(ended.exitCode).toBe(0);
      expectPlain(ended);
      expect(ended.stdout).toMatch(/^before-memory36 \(Linux 6\.1\.\d+-56-amd64\): of 14 blocks of 128 MiB, /);
      expect(ended.stdout).toMatch(/^ +36 {2}Normal +[\d,]+ {2}✗ will not go {2}4,916 slab, 2,847 page-table/m);
      expect(ended.stdout).toMatch(/^ +38 {2}Normal +[\d,]+ {2}✓ will go$/m);
      for (const title of ['What keeps them', 'What cannot be seen from outside', 'What was inferred or is missing'])
        expect(linesOf(ended.stdout)).toContain(title);
    },
    PATIENCE_MS,
  );

  it(
    'leaves open what a plugin may stop refusing, and what offline then refuses',
    async () => {
      const given = [THREE, '--blocks', '13', '--plugin', './test/dist/plugins/busy.mjs'];
      const [text, json, offline] = await vacateAll([
        ['forecast', ...given],
        ['forecast', ...given, '--json'],
        ['offline', ...given, '--json'],
      ]);
      expectPlain(text!);
      expect([text!.exitCode, json!.exitCode, offline!.exitCode]).toEqual([64, 64, 1]);
      expect(text!.stdout).toContain('? cannot know: block 13');
      expect(text!.stdout).toMatch(/^ {2}\? in-use {2}[\d,]+ pages, block 13\n {4}the driver is at work on it\n/m);
      expect(text!.stdout).toMatch(/^ {4}waiting helps: they go once plugin "busy" says yes/m);
      const [{ verdict, reasons }] = parse(json!).blocks;
      expect(verdict).toBe('cannot-know');
      expect(reasons[0]).toMatchObject({ reason: 'in-use', kind: 'retry', decides: 'cannot-know', waitingHelps: true });
      expect(parse(offline!).refusals[0]).toMatchObject({ handler: 'busy', reason: 'in-use', kind: 'retry' });
    },
    PATIENCE_MS,
  );

  it(
    'gives programs everything: verdict, cost, reasons with pages, what waiting does',
    async () => {
      const forecast = parse(await vacate(['forecast', KERNEL, '--json']));
      expect(forecast).toMatchObject({
        command: 'forecast',
        machine: 'before-memory36',
        source: 'capture',
        need: null,
      });
      expect(forecast.blocks.map(({ block }: { block: number }) => block)).toEqual([
        0, 1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 38, 39,
      ]);
      const block = forecast.blocks.find((each: { block: number }) => each.block === 36);
      expect(block).toMatchObject({ verdict: 'will-not-go', zones: ['Normal'], node: 0, waitingHelps: false });
      expect(block.bytesToMove).toBe(block.pagesToMove * 4096);
      expect(block.room.free).toBeGreaterThan(0);
      const [slab] = block.reasons;
      expect(slab).toMatchObject({
        reason: 'slab',
        kind: 'permanent',
        decides: 'will-not-go',
        pages: 4916,
        owner: null,
      });
      expect(slab.pfns).toHaveLength(16);
      expect(slab.named).toHaveLength(16);
      expect(slab.because).toMatch(/^slab memory/);
      expect(forecast.notKnowable.whatWouldShow.length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  it(
    'ends with 0, 1 or 64: will go, will not go, cannot know',
    async () => {
      const ended = await vacateAll([
        ['forecast', MIXED, '--blocks', '32-33'],
        ['forecast', KERNEL, '--blocks', '36,38'],
        ['forecast', JOURNAL, '--blocks', '35'],
        ['forecast', PINNED, '--range', '0x100000000-0x108000000', '--json'],
      ]);
      expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 1, 64, 64]);
      const [goes, stays, open, pinned] = ended as [Ended, Ended, Ended, Ended];
      for (const text of [goes, stays, open]) expectPlain(text);
      expect(goes.stdout).toContain('All 2 together');
      expect(goes.stdout).toMatch(/One by one, in this order: 3[23], 3[23];/);
      expect(stays.stdout).toContain('block 36 will not go');
      expect(open.stdout).toContain('Waiting may help.');
      expect(parse(pinned).blocks[0].extraReferences.evidenceFor.join()).toContain('216 anonymous pages');
    },
    PATIENCE_MS,
  );

  it(
    'finds the cheapest blocks for a size, and says how much there is if there is less',
    async () => {
      const [text, json, tooMuch] = (await vacateAll([
        ['forecast', MIXED, '--need', '500MiB'],
        ['forecast', MIXED, '--need', '500MiB', '--dimm', '0', '--json'],
        ['forecast', MIXED, '--need', '64GiB', '--json'],
      ])) as [Ended, Ended, Ended];
      expectPlain(text);
      expect(text.exitCode).toBe(0);
      expect(text.stdout).toContain('512 MiB in 4 blocks, the cheapest that are sure to go.');
      const { need } = parse(json);
      expect(need).toMatchObject({ enough: true, bytes: 512 * 2 ** 20, askedBytes: 500 * 2 ** 20 });
      expect(need.blocks).toEqual([32, 33, 34, 35]);
      expect([...need.order.blocks].sort()).toEqual(need.blocks);
      expect(need.order.pagesCopied).toBeGreaterThanOrEqual(need.pagesToMove);
      expect(tooMuch.exitCode).toBe(1);
      expect(parse(tooMuch).need).toMatchObject({ enough: false });
    },
    PATIENCE_MS,
  );

  it(
    'takes scenarios and copies of hosts as well',
    async () => {
      const root = unfoldCapture('mixed-offline/before-memory32', {});
      const [scenario, copy] = (await vacateAll([
        ['forecast', TWO_DIMMS, '--seed', '3', '--json'],
        ['forecast', 'live', '--root', root, '--json', '--blocks', '32'],
      ])) as [Ended, Ended];
      expect(parse(scenario)).toMatchObject({ source: 'scenario', seed: 3, kernel: null });
      expect(parse(scenario).notKnowable.whatWouldShow).toEqual([]);
      expect(copy.exitCode).toBe(0);
      expect(parse(copy)).toMatchObject({ source: 'live', blocks: [{ block: 32, verdict: 'will-go' }] });
      const state = join(root, 'sys/devices/system/memory/memory32/state');
      expect(readFileSync(state, 'utf8').trim()).toBe('online');
    },
    PATIENCE_MS,
  );

  it(
    'refuses what makes no sense, in a sentence and without an answer',
    async () => {
      const cases: [string[], string][] = [
        [['forecast', MIXED, '--blocks', '32', '--dimm', '0'], 'both say what goes offline'],
        [['forecast', MIXED, '--blocks', '33x'], '--blocks cannot read "33x"'],
        [['forecast', MIXED, '--blocks', '99'], 'memory block 99 does not exist'],
        [['forecast', MIXED, '--need', 'plenty'], '--need cannot read "plenty"'],
        [['forecast', MIXED, '--need', '0'], '--need cannot read "0"'],
        [['forecast', MIXED, '--root', ROOT], '--root is for the machine "live"'],
        [['forecast', 'no-such-capture'], 'there is no file or directory "no-such-capture"'],
      ];
      const ended = await vacateAll(cases.map(([args]) => args));
      for (const [index, { exitCode, stdout, stderr }] of ended.entries()) {
        expect([index, exitCode, stdout]).toEqual([index, 2, '']);
        expect(stderr).toContain(cases[index]![1]);
        expect(linesOf(stderr)).toHaveLength(1);
      }
    },
    PATIENCE_MS,
  );
});
