import { rmSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Ended, vacate, vacateAll } from './run-cli.js';
import { hasTerminals, onTerminal, screenOf } from './terminal.js';

/* What somebody in front of a terminal sees while a job runs, and that nobody else sees anything of it. */

const TWO_DIMMS = 'examples/scenarios/two-dimms.yaml';
const OFFLINE = ['offline', TWO_DIMMS, '--dimm', 'dimm1'];
const HIGH_ORDER = ['high-order', 'examples/scenarios/fragmented.yaml', '--order', '9', '--count', '64'];
const PATIENCE_MS = 300_000;
const DRAWN = '\u001b[J';
const onTerminals = hasTerminals ? it : it.skip;
const SKIPPED = hasTerminals ? '' : ' (skipped: python3, which opens a terminal, is not installed)';

/** The pictures that were drawn one after the other. */
function frames(written: string): string[][] {
  return written
    .split(DRAWN)
    .map((piece) => screenOf(piece.slice(Math.max(0, piece.lastIndexOf('\r\u001b[2K\u001b[1m')))))
    .filter((lines) => lines.some((line) => line.includes('│')));
}

const widthOf = (lines: readonly string[]) => Math.max(...lines.map((line) => [...line].length));

describe('a job that is watched', () => {
  onTerminals(
    `shows its map, how far it is and what is left, then makes room for the report${SKIPPED}`,
    async () => {
      const { exitCode, written, screen } = await onTerminal([...OFFLINE, '--watch']);
      const drawn = frames(written);
      expect(drawn.length).toBeGreaterThan(10);
      const text = drawn[drawn.length >> 1]!.join('\n');
      expect(text).toContain('Taking blocks 12-15 of two-dimms offline (64 MiB)');
      expect(text).toMatch(/^ {6}13 │.{64}│ +\d+%$/mu);
      expect(text).toMatch(/migrating {2}[█░]+ +\d+% \| [\d,]+ of 14,442 pages \| [\d,]+\/s \| \d+ s left/);
      expect(text).toMatch(/[\d,]+ pages left in them, \d of 4 blocks offline/);
      const left = drawn.map((lines) => Number(/([\d,]+) pages left/.exec(lines.join(' '))?.[1]?.replace(',', '')));
      expect(left[0]).toBeGreaterThan(left.at(-1)!);
      expect(Math.max(...drawn.map(widthOf))).toBeLessThanOrEqual(80);
      expect(screen[0]).toBe('✓ Offline: blocks 12-15 of two-dimms (64 MiB), by merged.');
      expect([exitCode, screen.join('\n').includes('left in them')]).toEqual([0, false]);
    },
    PATIENCE_MS,
  );

  onTerminals(
    `colours the map by free order, for blocks of a high order${SKIPPED}`,
    async () => {
      const { exitCode, written } = await onTerminal([...HIGH_ORDER, '--watch', '--map', 'order'], { rows: 60 });
      const drawn = frames(written).map((lines) => lines.join('\n'));
      expect([exitCode, drawn.length > 10]).toEqual([0, true]);
      const nines = drawn.map((text) => (text.match(/│.*│/gu) ?? []).join('').match(/[9X]/g)?.length ?? 0);
      expect(nines.at(-1)!).toBeGreaterThan(nines[0]!);
      expect(drawn[0]).toContain('of 64 blocks made');
    },
    PATIENCE_MS,
  );

  onTerminals(
    `fits 40 columns, and hears that the terminal was made narrower${SKIPPED}`,
    async () => {
      const { exitCode, written, screen } = await onTerminal([...OFFLINE, '--watch'], {
        onWritten: (sofar) => (sofar.split(DRAWN).length > 4 ? 'size 40 40' : null),
      });
      const drawn = frames(written);
      expect(widthOf(drawn[0]!)).toBe(80);
      expect(widthOf(drawn.at(-1)!)).toBeLessThanOrEqual(40);
      expect(drawn.at(-1)!.join('\n')).toMatch(/^ {2}13 │.{32}│$/mu);
      expect([exitCode, screen[0]]).toEqual([0, '✓ Offline: blocks 12-15 of two-dimms (64 MiB), by merged.']);
    },
    PATIENCE_MS,
  );

  onTerminals(
    `draws nothing where there is no room for it, or nobody wants it${SKIPPED}`,
    async () => {
      const small = await onTerminal([...OFFLINE, '--watch'], { rows: 6 });
      const unwanted = await onTerminal([...OFFLINE, '--no-watch']);
      const data = await onTerminal([...OFFLINE, '--json']);
      for (const { exitCode, written } of [small, unwanted, data]) {
        expect(exitCode).toBe(0);
        expect(frames(written)).toEqual([]);
      }
      expect(JSON.parse(data.screen.join('\n')).outcome).toBe('done');
    },
    PATIENCE_MS,
  );

  onTerminals(
    `is taken away by Ctrl-C, and what stands is said${SKIPPED}`,
    async () => {
      const { exitCode, screen } = await onTerminal([...OFFLINE, '--watch'], {
        onWritten: (sofar) => (sofar.split(DRAWN).length > 4 ? 'keys ^C' : null),
      });
      expect(exitCode).toBe(130);
      expect(screen.filter((line) => line !== '')).toEqual([
        expect.stringMatching(
          /^vacate: interrupted: [\d,]+ pages had moved, and so it stays; everything else was put$|^vacate: interrupted: .*$/,
        ),
      ]);
    },
    PATIENCE_MS,
  );

  onTerminals(
    `is drawn in ASCII where that is all there is${SKIPPED}`,
    async () => {
      for (const asked of [{ args: ['--ascii'] }, { args: [], env: { LC_ALL: 'C' } }]) {
        const { exitCode, written } = await onTerminal([...asked.args, ...OFFLINE, '--watch'], asked);
        expect([...written].every((character) => character.charCodeAt(0) < 128)).toBe(true);
        expect(exitCode).toBe(0);
        expect(written).toContain(DRAWN);
      }
    },
    PATIENCE_MS,
  );
});

describe('--watch', () => {
  it.each([
    [['--watch'], 'vacate: --watch draws on a terminal, and standard output is none; leave it out\n'],
    [['--watch', '--json'], 'vacate: --watch draws for people and --json prints for programs; leave one of them out\n'],
  ])(
    'is refused where nothing can be drawn: %j',
    async (args, sentence) => {
      expect(await vacate([...OFFLINE, ...args])).toEqual({ exitCode: 2, stdout: '', stderr: sentence });
    },
    PATIENCE_MS,
  );
});

describe('in a pipe', () => {
  const CAPTURE = 'test/fixtures/captures/mixed-offline/before-memory32';
  const OUT = 'vacate-watch-test';
  const COMMANDS: readonly (readonly string[])[] = [
    ['inspect', CAPTURE],
    ['forecast', CAPTURE],
    ['lint', CAPTURE],
    ['explain', 'test/fixtures/captures/mixed-offline'],
    OFFLINE,
    HIGH_ORDER,
    ['demo'],
    ['handlers'],
    ['strategies'],
    ['compare', TWO_DIMMS, '--seeds', '1', '--strategy', 'merged'],
  ];

  it.each(COMMANDS.map((args) => [args] as const))(
    '%j says nothing but data: no progress, no colour, nothing that moves',
    async (args) => {
      const out = (name: string) => (args[0] === 'compare' ? ['--out', `${OUT}-${name}`] : []);
      const [text, data] = (await vacateAll([
        [...args, ...out('text')],
        [...args, ...out('json'), '--json'],
      ])) as [Ended, Ended];
      for (const name of ['text', 'json']) rmSync(`${OUT}-${name}`, { recursive: true, force: true });
      expect([text.stderr, data.stderr]).toEqual(['', '']);
      expect(text.stdout + data.stdout).not.toContain('\u001b');
      expect(text.stdout).not.toContain('\r');
      expect(Object.keys(JSON.parse(data.stdout)).length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
