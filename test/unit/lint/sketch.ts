import { type Finding, type LintFacts, lint, type PageCounts, Settings } from '../../../src/lint/index.js';

export const NO_PAGES: PageCounts = {
  reserved: 0,
  slab: 0,
  pageTables: 0,
  otherKernel: 0,
  hugetlb: 0,
  unevictable: 0,
  used: 0,
};

export const BLOCK_PAGES = 32_768;
const GIB = 262_144;

/** Everything in order: a DIMM of four blocks in ZONE_MOVABLE, memory enough, the kernel's policy as it should be. */
export const HEALTHY: LintFacts = {
  kernel: '6.12.1',
  settings: settings(),
  blockPages: BLOCK_PAGES,
  blocks: [0, 1, 2, 3, 32, 33, 34, 35].map((block) => blockOf(block, block < 32 ? 'DMA32' : 'Movable')),
  dimms: [{ name: 'PNP0C80:00', blocks: [32, 33, 34, 35] }],
  areDimmsGuessed: false,
  zones: [
    { node: 0, kind: 'DMA32', managed: GIB },
    { node: 0, kind: 'Movable', managed: GIB / 2 },
  ],
  memory: { swapTotal: GIB, swapFree: GIB, available: GIB, cmaTotal: 0 },
  systemRam: [
    { start: 0, end: 4 * BLOCK_PAGES },
    { start: 32 * BLOCK_PAGES, end: 36 * BLOCK_PAGES },
  ],
  countsOf: () => NO_PAGES,
  wanted: { blocks: [32, 33, 34, 35], pages: null, isNamed: false },
};

export function blockOf(block: number, ...zones: string[]) {
  return { block, isOnline: true, isRemovable: true, zones };
}

/** What a host was told, if it was told well; null takes a file away. */
export function settings(changes: Readonly<Record<string, string | null>> = {}): Settings {
  const values: Record<string, string | null> = {
    '/sys/devices/system/memory/auto_online_blocks': 'online_movable',
    '/sys/module/memory_hotplug/parameters/online_policy': 'contig-zones',
    '/sys/module/memory_hotplug/parameters/auto_movable_ratio': '301',
    '/sys/module/memory_hotplug/parameters/memmap_on_memory': null,
    '/proc/sys/vm/compact_unevictable_allowed': '1',
    '/proc/cmdline': 'BOOT_IMAGE=/vmlinuz ro',
    '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0',
    '/boot/config': 'CONFIG_MEMORY_HOTREMOVE=y',
    '/udev/rules.d': '',
    ...changes,
  };
  return new Settings(Object.entries(values).map(([path, value]) => ({ path, value })));
}

export function found(changes: Partial<LintFacts>): readonly Finding[] {
  return lint({ ...HEALTHY, ...changes }).findings;
}

/** Ids and severities, as `found` orders them. */
export function idsOf(changes: Partial<LintFacts>): string[] {
  return found(changes).map(({ id, severity }) => `${severity} ${id}`);
}
