import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ROOT, vacate } from './run-cli.js';

/* Reports as one page: of inspect, offline and high-order. What compare's looks like is tested with compare. */

const CAPTURE = 'test/fixtures/captures/mixed-offline/before-memory32';
const REFUSALS = 'examples/scenarios/refusals.yaml';
const folder = mkdtempSync(join(tmpdir(), 'vacate-html-'));
const at = (name: string) => join(folder, name);
const PATIENCE_MS = 300_000;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nothing of it comes from elsewhere, and nothing of it runs. */
function expectAlone(html: string): void {
  const addresses = html.match(/\b(?:https?:|data:|file:\/\/)[^"'\s<]*/g) ?? [];
  expect(addresses.filter((address) => address !== 'http://www.w3.org/2000/svg')).toEqual([]);
  expect(html).not.toMatch(/<(?:script|link|img|iframe|object|embed|use|image)\b|\son\w+=|url\(|@import|src=|href=/i);
}

/** Every element that is opened is closed, in order. */
function expectNested(html: string): void {
  const open: string[] = [];
  for (const [, slash, name, rest] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/gi)) {
    if (['meta', 'input', 'br', '!doctype'].includes(name!) || rest!.endsWith('/')) continue;
    if (slash === '') open.push(name!);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
}

/** By the table of blocks that pages left. */
function pagesThatMoved(html: string): number {
  const rows = html.matchAll(/<td>block \d+<\/td>.*?<td class="n">([\d,]+)<\/td><td class="n">[^<]*<\/td><\/tr>/g);
  return [...rows].reduce((sum, [, count]) => sum + Number(count!.replace(/,/g, '')), 0);
}

describe('inspect --html', () => {
  it(
    'has the map in every colouring, charts and tables, and says what the text says',
    async () => {
      const file = at('inspect.html');
      const { exitCode, stdout, stderr } = await vacate(['inspect', CAPTURE, '--html', file]);
      expect([exitCode, stderr, stdout.includes('Free blocks by order')]).toEqual([0, '', true]);
      const html = readFileSync(file, 'utf8');
      expectAlone(html);
      expectNested(html);
      for (const by of ['type', 'state', 'migratetype', 'order']) {
        expect(html).toContain(`<input type="radio" name="by" id="by-${by}"`);
        expect(html).toContain(`#by-${by}:checked ~ .drawn .by-${by}`);
      }
      expect(html.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)).toHaveLength(4 + 3);
      for (const title of ['Zones', 'DIMMs', 'Memory blocks', 'What the capture does not say'])
        expect(html).toContain(`<h2>${title}</h2>`);
      for (const light of ['@media (prefers-color-scheme: dark)', '@media print']) expect(html).toContain(light);
      // Each colour that is used is one that the page defines.
      for (const [, name] of html.matchAll(/var\((--[\w-]+)\)/g)) expect(html).toContain(` ${name}: #`);
      expect(readdirSync(folder)).toEqual(['inspect.html']);
    },
    PATIENCE_MS,
  );

  it(
    'replaces a report, and nothing else',
    async () => {
      const report = at('again.html');
      await vacate(['inspect', REFUSALS, '--html', report]);
      expect((await vacate(['inspect', REFUSALS, '--html', report])).exitCode).toBe(0);
      const other = at('thesis.html');
      writeFileSync(other, '<!doctype html><p>years of work');
      const { exitCode, stdout, stderr } = await vacate(['inspect', REFUSALS, '--html', other]);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain("is there already, and no report of vacate's; name another file, or remove it");
      expect(readFileSync(other, 'utf8')).toBe('<!doctype html><p>years of work');
      for (const nowhere of [join(folder, 'no', 'such.html'), folder])
        expect((await vacate(['inspect', REFUSALS, '--html', nowhere])).exitCode).toBe(2);
      expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'has names from outside as text',
    async () => {
      const scenario = at('odd.yaml');
      const text = readFileSync(join(ROOT, REFUSALS), 'utf8').replace(/^name:.*$/m, `name: '"><script>x</script>'`);
      writeFileSync(scenario, text);
      const file = at('odd.html');
      const ended = await vacate(['offline', scenario, '--dimm', 'dimm0', '--html', file]);
      // A name like that may be refused as well; then there is no report.
      if (ended.exitCode === 2) expect(existsSync(file)).toBe(false);
      else expectAlone(readFileSync(file, 'utf8'));
    },
    PATIENCE_MS,
  );
});

describe('offline --html and high-order --html', () => {
  it(
    'show before and after, why pages refuse, and leave data alone',
    async () => {
      const file = at('refused.html');
      const { exitCode, stdout } = await vacate(['offline', REFUSALS, '--dimm', 'dimm0', '--html', file, '--json']);
      expect(exitCode).toBe(1);
      const html = readFileSync(file, 'utf8');
      expectAlone(html);
      expectNested(html);
      expect(html).toContain('<h1>Still online: blocks 4-7 of refusals (64 MiB)</h1>');
      for (const { reason, because } of JSON.parse(stdout).refusals) {
        expect(html).toContain(`<b>${reason}</b>`);
        expect(html).toContain(because.replace(/'/g, '&#39;'));
      }
      expect(html.match(/<figcaption><b>(?:Before|After)\.<\/b>/g)).toHaveLength(2);
    },
    PATIENCE_MS,
  );

  it(
    'say what moved from where to where, as many pages as moved',
    async () => {
      const file = at('made.html');
      const args = ['high-order', 'examples/scenarios/fragmented.yaml', '--order', '9', '--count', '16'];
      const { exitCode, stdout } = await vacate([...args, '--html', file, '--json']);
      expect(exitCode).toBe(0);
      const html = readFileSync(file, 'utf8');
      expectAlone(html);
      expectNested(html);
      expect(pagesThatMoved(html)).toBe(JSON.parse(stdout).pagesMigrated);
    },
    PATIENCE_MS,
  );

  it.each([
    ['offline', ['--blocks', '8,21'], '<h1>Offline: blocks 8,21 of two-node-server (128 MiB)</h1>'],
    ['high-order', ['--order', '9', '--count', '9'], '<h1>9 of 9 blocks of order 9 (2 MiB) made</h1>'],
  ])(
    'show all nodes that threads work on as one machine, the same for any number of threads: %s',
    async (command, wanted, heading) => {
      const args = [command, 'examples/scenarios/two-node-server.yaml', ...wanted, '--json'];
      const [one, two] = await Promise.all(
        ['1', '2'].map((threads) =>
          vacate([...args, '--threads', threads, '--html', at(`${command}-${threads}.html`)]),
        ),
      );
      expect(two).toMatchObject({ exitCode: 0, stderr: '', stdout: one!.stdout });
      const html = readFileSync(at(`${command}-2.html`), 'utf8');
      expect(html).toBe(readFileSync(at(`${command}-1.html`), 'utf8'));
      expectAlone(html);
      expectNested(html);
      expect(html).toContain(heading);
      expect(html.match(/<figcaption><b>(?:Before|After)\.<\/b>/g)).toHaveLength(2);
      for (const dimm of ['dimm0', 'dimm3']) expect(html).toContain(`>${dimm}, `);
      const { pagesMigrated } = JSON.parse(two!.stdout);
      expect([pagesThatMoved(html), pagesMigrated > 0]).toEqual([pagesMigrated, true]);
    },
    PATIENCE_MS,
  );

  it.each([[['high-order', CAPTURE, '--what-if'], '--html shows what a run does, and --what-if does nothing']])(
    '%j cannot, and say so',
    async (args, sentence) => {
      const { exitCode, stdout, stderr } = await vacate([...args, '--html', at('none.html')]);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(sentence);
      expect(existsSync(at('none.html'))).toBe(false);
    },
    PATIENCE_MS,
  );
});
