import { readFileSync } from 'node:fs';
import {
  anonymousFixture,
  fileBackedFixture,
  hugetlbFixture,
  ksmFixture,
  mlockedFixture,
  movableOpsFixture,
  nonlinearFixture,
  offlinePagesFixture,
  pinnedFixture,
  poisonedFixture,
  shmemFixture,
  swapBackedFixture,
  thpFixture,
} from 'vacate/testing';
import anonymous from '../../plugins/anonymous/index.js';
import devicePinned from '../../plugins/device-pinned/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import hugetlb from '../../plugins/hugetlb/index.js';
import hwpoison from '../../plugins/hwpoison/index.js';
import ksm from '../../plugins/ksm/index.js';
import mlocked from '../../plugins/mlocked/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import offlinePages from '../../plugins/offline-pages/index.js';
import shmem from '../../plugins/shmem/index.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import thp from '../../plugins/thp/index.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { HandlerTable } from '../../src/migration/handler-table.js';
import { SimHost } from '../../src/sim/sim-host.js';

/* What the page types that vacate ships owe each other, and their readers. */

const SHIPPED = [
  { plugin: nonlinear, fixture: nonlinearFixture },
  { plugin: hwpoison, fixture: poisonedFixture },
  { plugin: offlinePages, fixture: offlinePagesFixture },
  { plugin: devicePinned, fixture: pinnedFixture },
  { plugin: thp, fixture: thpFixture },
  { plugin: ksm, fixture: ksmFixture },
  { plugin: mlocked, fixture: mlockedFixture },
  { plugin: shmem, fixture: shmemFixture },
  { plugin: swapBacked, fixture: swapBackedFixture },
  { plugin: anonymous, fixture: anonymousFixture },
  { plugin: fileBacked, fixture: fileBackedFixture },
  { plugin: movableOps, fixture: movableOpsFixture },
  { plugin: hugetlb, fixture: hugetlbFixture },
];
const PLUGINS = SHIPPED.map(({ plugin }) => plugin);

describe('whoever is asked first', () => {
  it.each(SHIPPED.map(({ plugin, fixture }) => [plugin.name, fixture] as const))(
    'the pages of %s are claimed by it, at rest and isolated',
    (name, fixture) => {
      const { machine, pages } = fixture();
      const host = new SimHost(machine);
      for (const plugins of orders(PLUGINS, name)) {
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

/**
 * The one of this name before and behind each of the others: whoever claims a page first among many is the one that comes
 * first against each that would claim it too.
 */
function orders(plugins: readonly PageType[], name: string): PageType[][] {
  const one = plugins.find((plugin) => plugin.name === name)!;
  const others = plugins.filter((plugin) => plugin !== one);
  return others.flatMap((other) => [[one, other], [other, one]]); // biome-ignore format: pairs
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
