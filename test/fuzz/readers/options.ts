import { expect } from '@jest/globals';
import { compareLabels } from '../../../src/cli/compare/compare-labels.js';
import {
  parseCount,
  parseJobs,
  parseNeed,
  parseNode,
  parseNodeThreads,
  parseOrder,
  parsePluginTimeLimit,
  parseReaders,
  parseSeed,
  parseSeeds,
  parseStall,
  parseTakeOver,
  parseTimeout,
  parseWait,
  parseWant,
} from '../../../src/cli/options.js';
import { formatBlocks, parseBlocks } from '../../../src/cli/parse-blocks.js';
import { formatBlockRange, parseRange } from '../../../src/cli/parse-range.js';
import { parsePriority } from '../../../src/cli/queue/queue-options.js';
import { shortNames } from '../../../src/cli/short-names.js';
import {
  parseMigrators,
  parseMinutes,
  parseRounds,
  parseSeconds,
  parseThreads,
} from '../../../src/cli/soak/soak-options.js';
import { noMachine } from '../../../src/cli/strategy-names.js';
import { parseMetricsPort, parsePort } from '../../../src/cli/view/parse-port.js';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import { loadPlugins, loadStrategies } from '../../../src/container/load-plugins.js';
import { MAX_PFN, PAGE_SIZE, PAGEBLOCK_PAGES } from '../../../src/mm/units.js';
import { parseBlockList } from '../../../src/scenario/block-list.js';
import { nanosecondsOf, pagesOf, sizeText } from '../../../src/scenario/sizes.js';
import { FAULT_KINDS, parseFaultKinds } from '../../../src/soak/fault-kinds.js';
import { pickFromRoster } from '../../../src/soak/roster.js';
import { bytesOf, endingOf, type Reader } from '../reader.js';

/* What people write behind options and between commas. */

const MS_MAX = 2 ** 31 - 1;
const PAGES_MAX = MAX_PFN + 1;

function isWhole(value: unknown, least: number, most: number): void {
  expect(Number.isSafeInteger(value)).toBe(true);
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most);
}

/** Each with what it gives for any text that it takes. */
const VALUES: ReadonlyArray<(text: string) => void> = [
  (text) => isTime(parseTimeout(text)),
  (text) => isTime(parseStall(text)),
  (text) => isTime(parsePluginTimeLimit(text)),
  (text) => isWhole(parseOrder(text), 1, 27),
  (text) => {
    const count = parseCount(text);
    if (count !== 'all') isWhole(count, 1, Number.MAX_SAFE_INTEGER);
  },
  (text) => isWhole(parseNode(text), 0, 1023),
  (text) => isWhole(parseSeed(text), 0, 2 ** 32 - 1),
  (text) => isWhole(parseSeeds(text), 1, 10_000),
  (text) => isWhole(parseJobs(text), 1, 256),
  (text) => isWhole(parseReaders(text), 1, 2),
  (text) => isWhole(parsePort(text), 0, 65_535),
  (text) => isWhole(parseMetricsPort(text), 0, 65_535),
  (text) => isWhole(parsePriority(text), 1, 100),
  (text) => isTime(parseWait(text)),
  (text) => isTime(parseTakeOver(text)),
  (text) => isWhole(parseNodeThreads(text), 1, 256),
  (text) => isWhole(parseThreads(text), 1, 24),
  (text) => isWhole(parseMigrators(text), 1, 4),
  (text) => isWhole(parseRounds(text), 1, 999),
  (text) => isTime(parseMinutes(text) * 60_000),
  (text) => isTime(parseSeconds(text) * 1000),
  (text) => isWhole(parseNeed(text), 1, PAGES_MAX * PAGE_SIZE),
  (text) => isWhole(parseWant(text), 1, PAGES_MAX * PAGE_SIZE),
];

/** What timers can wait for: a longer time would be over at once. */
function isTime(ms: number): void {
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(MS_MAX);
}

const values: Reader = {
  name: 'option-values',
  about: 'numbers, times and sizes behind options',
  seeds: () => ['30s', '500ms', '2m', '1h', '1.5', '9', '64', 'all', '4GiB', '512M', '1.5TiB', '0', '2'].map(bytesOf),
  words: ['ms', 's', 'm', 'h', 'KiB', 'K', 'G', 'TiB', 'all'],
  read: async (input) => {
    const text = input.toString('utf8');
    for (const parse of VALUES) await endingOf(() => parse(text));
  },
};

const ascending = (numbers: readonly number[]) => numbers.every((each, at) => at === 0 || each > numbers[at - 1]!);

const blocks: Reader = {
  name: 'option-blocks',
  about: '--blocks',
  seeds: () => ['32-35', '8,10-12', '0', '32-35,40,41-41', '0-524287'].map(bytesOf),
  read: (input) => {
    const numbers = parseBlocks(input.toString('utf8'));
    expect(ascending(numbers)).toBe(true);
    isWhole(numbers[0], 0, PAGES_MAX / PAGEBLOCK_PAGES);
    isWhole(numbers.at(-1), 0, PAGES_MAX / PAGEBLOCK_PAGES);
    const written = formatBlocks(numbers);
    expect(formatBlocks(parseBlocks(written))).toBe(written);
  },
};

const ranges: Reader = {
  name: 'option-range',
  about: '--range',
  seeds: () =>
    ['0x100000000-0x120000000', 'pfn:0x100000-pfn:0x120000', '0x100000000-0x107ffffff', '0x0-0x10000000000'].map(
      bytesOf,
    ),
  words: ['pfn:', '0x', '-'],
  read: async (input) => {
    const text = input.toString('utf8');
    for (const blockPages of [PAGEBLOCK_PAGES, 2 ** 15, 2 ** 19])
      await endingOf(() => {
        const { start, end } = parseRange(text, blockPages);
        isWhole(start, 0, PAGES_MAX);
        isWhole(end, start + 1, PAGES_MAX);
        expect([start % blockPages, end % blockPages]).toEqual([0, 0]);
        const written = formatBlockRange([start / blockPages, end / blockPages], blockPages, true);
        expect(parseRange(written, blockPages)).toEqual({ start, end });
      });
  },
};

const scenarioLeaves: Reader = {
  name: 'scenario-leaves',
  about: 'block lists, sizes and durations of scenarios',
  seeds: () => ['32-35', '8,10-12', '512MiB', '1.5GiB', '1000 pages', '1 page', '5ms', 'forever', '0.5us'].map(bytesOf),
  words: ['KiB', 'MiB', 'pages', 'ns', 'us', 'ms', 's'],
  read: (input) => {
    const text = input.toString('utf8');
    const list = parseBlockList(text);
    if (list !== null) expect(ascending(list)).toBe(true);
    const pages = pagesOf(text);
    if (Number.isSafeInteger(pages)) expect(pagesOf(sizeText(pages))).toBe(pages);
    expect(nanosecondsOf(text) < 0).toBe(false);
  },
};

const strategyLabels: Reader = {
  name: 'strategy-labels',
  about: '--strategy',
  seeds: () =>
    ['merged', 'tosatti:intended+no-alignment', 'compaction,tosatti:historical', 'all', 'kswapd-orders:historical'].map(
      bytesOf,
    ),
  cost: 8,
  read: async (input) => {
    const text = input.toString('utf8');
    const evacuator = createEvacuator({ host: noMachine(), plugins: [] });
    for (const frontEnd of ['highOrder', 'offline', 'reclaim'] as const)
      await endingOf(() => evacuator.check(frontEnd, text));
    evacuator.dispose();
    const { highOrder, offline, reclaim } = compareLabels([text], []);
    expect(highOrder.length + offline.length + reclaim.length).toBeGreaterThan(0);
  },
};

const faults: Reader = {
  name: 'soak-lists',
  about: 'faults and strategies of `vacate soak`',
  seeds: () => ['all', 'none', FAULT_KINDS.slice(0, 3).join(','), 'merged,offline/merged', 'compaction'].map(bytesOf),
  read: async (input) => {
    const text = input.toString('utf8');
    await endingOf(() => {
      for (const kind of parseFaultKinds(text)) expect(FAULT_KINDS).toContain(kind);
    });
    await endingOf(() => expect(pickFromRoster(ROSTER, text).length).toBeGreaterThan(0));
  },
};

const ROSTER = [
  { frontEnd: 'offline', label: 'merged' },
  { frontEnd: 'highOrder', label: 'merged' },
  { frontEnd: 'highOrder', label: 'compaction' },
] as unknown as Parameters<typeof pickFromRoster>[0];

const pluginSpecifiers: Reader = {
  name: 'plugin-specifiers',
  about: '--plugin and --strategy-module, which may name anything',
  seeds: () =>
    [
      'vacate-plugin-ring-buffer',
      './no/such/index.js',
      './no/such/index.ts',
      '@a/b/c',
      '.',
      '/proc/self/mem',
      '/',
      'node:fs',
      'file:///no',
    ].map(bytesOf),
  cost: 12,
  read: async (input) => {
    const text = input.toString('utf8');
    expect(await endingOf(() => loadPlugins([text]))).toBe('sentence');
    expect(await endingOf(() => loadStrategies([text]))).toBe('sentence');
  },
};

const machineNames: Reader = {
  name: 'machine-names',
  about: 'paths of machines, as reports shorten them',
  seeds: () => ['a.yaml b.yaml', 'x/a.yaml y/a.yml', '. ..', '/ /a'].map(bytesOf),
  read: (input) => {
    const paths = [...new Set(input.toString('utf8').split(/\s+/))];
    const names = shortNames(paths);
    expect(names).toHaveLength(paths.length);
  },
};

export const optionReaders: readonly Reader[] = [
  values,
  blocks,
  ranges,
  scenarioLeaves,
  strategyLabels,
  faults,
  pluginSpecifiers,
  machineNames,
];
