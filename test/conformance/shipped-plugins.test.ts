import { readFileSync } from 'node:fs';
import {
  anonymousFixture,
  fileBackedFixture,
  movableOpsFixture,
  nonlinearFixture,
  swapBackedFixture,
  thpFixture,
} from 'vacate/testing';
import anonymous from '../../plugins/anonymous/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import thp from '../../plugins/thp/index.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { HandlerTable } from '../../src/migration/handler-table.js';
import { SimHost } from '../../src/sim/sim-host.js';

/* What the page types that vacate ships owe each other, and their readers. */

const SHIPPED = [
  { plugin: nonlinear, fixture: nonlinearFixture },
  { plugin: thp, fixture: thpFixture },
  { plugin: swapBacked, fixture: swapBackedFixture },
  { plugin: anonymous, fixture: anonymousFixture },
  { plugin: fileBacked, fixture: fileBackedFixture },
  { plugin: movableOps, fixture: movableOpsFixture },
];
const PLUGINS = SHIPPED.map(({ plugin }) => plugin);

describe('whoever is asked first', () => {
  it.each(SHIPPED.map(({ plugin, fixture }) => [plugin.name, fixture] as const))(
    'the pages of %s are claimed by it, at rest and isolated',
    (name, fixture) => {
      const { machine, pages } = fixture();
      const host = new SimHost(machine);
      for (const plugins of permutations(PLUGINS)) {
        const table = new HandlerTable(plugins, host.pages);
        const claimants = pages.map(({ pfn }) => table.names[table.handlerFor(machine.flags[pfn]!)]);
        expect(new Set(claimants)).toEqual(new Set([name]));
      }
      const table = new HandlerTable(PLUGINS, host.pages);
      for (const { pfn } of pages) {
        const claimant = table.handlerFor(machine.flags[pfn]!);
        table.get(claimant).isolate(pfn);
        expect(table.names[table.handlerFor(machine.flags[pfn]!)]).toBe(name);
      }
    },
  );
});

function permutations(plugins: readonly PageType[]): PageType[][] {
  if (plugins.length === 0) return [[]];
  return plugins.flatMap((first) =>
    permutations(plugins.filter((other) => other !== first)).map((rest) => [first, ...rest]),
  );
}

describe('the README of', () => {
  const HEADINGS = ['What it claims', 'References it expects', 'How it moves', 'What it refuses, and why', 'Sources'];

  it.each(PLUGINS.map((plugin) => [plugin.name, plugin] as const))('%s says what its code says', (name, plugin) => {
    const text = readFileSync(new URL(`../../plugins/${name}/README.md`, import.meta.url), 'utf8');
    const lines = text.trimEnd().split('\n');
    expect(lines[0]).toBe(`# ${name}`);
    expect(lines.filter((line) => /^#+ /.test(line)).slice(1)).toEqual(HEADINGS.map((heading) => `## ${heading}`));
    expect(lines.length).toBeLessThan(60);
    const rows = lines
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, 4)
          .map((cell) => cell.trim()),
      );
    const refusals = plugin.refusals.flatMap((refusal) => (refusal === null ? [] : [refusal]));
    expect(rows).toEqual(refusals.map(({ id, kind, because }) => [`\`${id}\``, kind, because]));
  });
});
