import { countPages, LINT_RULES, lint, Settings } from '../../../src/lint/index.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_HUGE,
  PG_LRU,
  PG_NOPAGE,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
  PG_UNEVICTABLE,
} from '../../../src/mm/page-flags.js';
import { BLOCK_PAGES, blockOf, found, HEALTHY, idsOf, NO_PAGES, settings } from './sketch.js';

const AUTO_ONLINE = '/sys/devices/system/memory/auto_online_blocks';
const POLICY = '/sys/module/memory_hotplug/parameters/online_policy';
const RATIO = '/sys/module/memory_hotplug/parameters/auto_movable_ratio';
const MEMMAP = '/sys/module/memory_hotplug/parameters/memmap_on_memory';
const told = (changes: Readonly<Record<string, string | null>>) => idsOf({ settings: settings(changes) });

describe('a host in order', () => {
  it('has nothing to be found, and nothing that was not looked at', () => {
    expect(lint(HEALTHY)).toEqual({ findings: [], unknown: [] });
  });
});

describe('zones', () => {
  it('that keep what is to be removed', () => {
    const blocks = HEALTHY.blocks!.map((each) => (each.block >= 34 ? blockOf(each.block, 'Normal') : each));
    const [finding, ...others] = found({ blocks });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ id: 'removable-in-kernel-zone', severity: 'problem', blocks: [34, 35] });
    expect(finding!.seen).toContain('2 memory blocks (34-35)');
    expect(finding!.change.map(({ command }) => command)).toEqual([
      'vacate offline live --blocks 34-35 --keep-partial --commit; vacate online live --blocks 34-35 --zone movable --commit',
      'memhp_default_state=online_movable',
    ]);
    // Nobody wants boot memory to go, unless he says so.
    expect(idsOf({ wanted: { blocks: [1], pages: null, isNamed: true } })).toEqual([
      'problem removable-in-kernel-zone',
    ]);
  });

  it.each([
    [3, []],
    [3.5, ['note movable-ratio']],
    [4, ['note movable-ratio']],
    [4.1, ['warning movable-ratio']],
  ])('with movable memory %p times that of the kernel', (ratio, ids) => {
    const zones = [
      { node: 0, kind: 'Normal', managed: 1000 },
      { node: 0, kind: 'Movable', managed: 600 * ratio },
      { node: 1, kind: 'Movable', managed: 400 * ratio },
    ];
    expect(idsOf({ zones })).toEqual(ids);
  });

  it('with holes in them, or of which a block has none', () => {
    const systemRam = [{ start: 0, end: 4 * BLOCK_PAGES - 1 }, HEALTHY.systemRam![1]!];
    expect(found({ systemRam })).toMatchObject([{ id: 'holes', severity: 'note', blocks: [3] }]);
    const blocks = HEALTHY.blocks!.map((each) => (each.block === 33 ? blockOf(33) : each));
    expect(found({ blocks })).toMatchObject([{ id: 'holes-in-removable', severity: 'problem', blocks: [33] }]);
    expect(idsOf({ systemRam: null })).toEqual([]);
  });

  it('that are too small for what is wanted', () => {
    const want = (pages: number) => idsOf({ wanted: { ...HEALTHY.wanted, pages } });
    expect(want(4 * BLOCK_PAGES)).toEqual([]);
    expect(want(5 * BLOCK_PAGES)).toEqual(['problem too-little-movable']);
    expect(want(3 * BLOCK_PAGES + 1)).toEqual(['note no-whole-blocks']);
    const [finding] = found({ wanted: { ...HEALTHY.wanted, pages: 5 * BLOCK_PAGES } });
    expect(finding!.change[0]!.command).toBe('movablecore=128M');
  });

  it('of memory that is offline, or not there to be removed', () => {
    const blocks = HEALTHY.blocks!.map((each) => (each.block === 35 ? { ...each, isOnline: false } : each));
    expect(found({ blocks })).toMatchObject([{ id: 'offline', severity: 'note', blocks: [35] }]);
    expect(idsOf({ dimms: [], wanted: { blocks: [], pages: null, isNamed: false } })).toEqual([
      'note nothing-plugged-in',
    ]);
  });

  it('of large blocks', () => {
    expect(idsOf({ blockPages: 524_288, systemRam: null })).toEqual(['note large-blocks']);
  });
});

describe('pages in what is to be removed', () => {
  const inBlock = (block: number, counts: Partial<typeof NO_PAGES>) => (asked: number) =>
    asked === block ? { ...NO_PAGES, ...counts } : NO_PAGES;

  it('that are reserved keep it, in whatever zone', () => {
    expect(found({ countsOf: inBlock(33, { reserved: 2 }) })).toMatchObject([
      {
        id: 'reserved-inside',
        severity: 'problem',
        blocks: [33],
        seen: '2 reserved pages lie in 1 memory block (33).',
      },
    ]);
    expect(idsOf({ countsOf: inBlock(3, { reserved: 2 }) })).toEqual([]);
  });

  it('of the kernel keep it in a kernel zone', () => {
    const blocks = HEALTHY.blocks!.map((each) => (each.block === 33 ? blockOf(33, 'Normal') : each));
    const countsOf = inBlock(33, { slab: 5, otherKernel: 1 });
    expect(idsOf({ blocks, countsOf })).toEqual(['problem removable-in-kernel-zone', 'problem kernel-pages-inside']);
    expect(found({ blocks, countsOf })[1]!.seen).toContain('6 kernel pages (5 slab, 1 other kernel memory)');
    // In ZONE_MOVABLE they are what cannot be told from free pages and those of drivers.
    expect(idsOf({ countsOf })).toEqual([]);
  });

  it('that are huge need others of their size', () => {
    expect(idsOf({ countsOf: inBlock(32, { hugetlb: 512 }) })).toEqual(['note hugetlb-inside']);
  });

  it('for which there is no room elsewhere', () => {
    const countsOf = () => ({ ...NO_PAGES, used: BLOCK_PAGES });
    const memory = { swapTotal: 100, swapFree: 100, available: 3 * BLOCK_PAGES, cmaTotal: 0 };
    expect(found({ countsOf, memory })).toMatchObject([
      { id: 'no-room', severity: 'warning', blocks: [32, 33, 34, 35] },
    ]);
    const enough = { ...memory, available: 4 * BLOCK_PAGES - 100 };
    expect(idsOf({ countsOf, memory: enough })).toEqual([]);
    // Half of its pages are free, and what is free in it is no room for it.
    const half = () => ({ ...NO_PAGES, used: BLOCK_PAGES / 2 });
    expect(idsOf({ countsOf: half, memory: { ...memory, available: 4 * BLOCK_PAGES - 101 } })).toEqual([
      'warning no-room',
    ]);
  });

  it('are told apart by their flags', () => {
    const flags = Uint32Array.of(
      ...[0, PG_RESERVED, PG_SLAB, PG_PGTABLE, PG_HUGE, PG_LRU | PG_ANON, PG_LRU | PG_UNEVICTABLE],
      ...[FREE_FLAGS, PG_NOPAGE, PG_ANON],
    );
    expect(countPages(flags, 0, flags.length)).toEqual({
      reserved: 1,
      slab: 1,
      pageTables: 1,
      otherKernel: 1,
      hugetlb: 1,
      unevictable: 1,
      used: 8,
    });
    expect(countPages(flags, 1, 2)).toEqual({ ...NO_PAGES, reserved: 1, used: 1 });
  });
});

describe('what the host was told', () => {
  it.each<[string, Readonly<Record<string, string | null>>, string[]]>([
    ['to online as kernel memory', { [AUTO_ONLINE]: 'online_kernel' }, ['problem auto-online-kernel']],
    ['to online to wherever', { [AUTO_ONLINE]: 'online' }, ['warning auto-online-unspecific']],
    ['to keep a ratio', { [AUTO_ONLINE]: 'online', [POLICY]: 'auto-movable' }, []],
    ['to keep too high a ratio', { [POLICY]: 'auto-movable', [RATIO]: '900' }, ['warning auto-movable-ratio']],
    ['a ratio that nobody asks for', { [RATIO]: '900' }, []],
    ['to online nothing', { [AUTO_ONLINE]: 'offline' }, ['note nobody-onlines']],
    ['to put the memory map into plugged-in memory', { [MEMMAP]: 'Y' }, ['note memmap-on-memory']],
    ['not to', { [MEMMAP]: 'N' }, ['note memmap-elsewhere']],
    ['to leave locked memory', { '/proc/sys/vm/compact_unevictable_allowed': '0' }, ['note unevictable-stays']],
    [
      'to keep gigantic pages',
      { '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '2' },
      ['warning gigantic-pages'],
    ],
    ['at boot', { '/proc/cmdline': 'ro movablecore=2G movable_node' }, ['note boot-parameter', 'note boot-parameter']],
    ['to be without hot-remove', { '/boot/config': 'CONFIG_MEMORY_HOTPLUG=y' }, ['problem no-hot-remove']],
  ])('%s', (_, changes, ids) => {
    expect(told(changes)).toEqual(ids);
  });

  it('by udev', () => {
    const rule = (to: string) => ({
      '/lib/udev/rules.d/40-x.rules': `SUBSYSTEM=="memory", ATTR{state}=="offline", ATTR{state}="${to}"`,
    });
    expect(told(rule('online'))).toEqual(['warning udev-onlines']);
    expect(told(rule('online_kernel'))).toEqual(['problem udev-onlines']);
    expect(told(rule('online_movable'))).toEqual([]);
    expect(told({ ...rule('online_movable'), [AUTO_ONLINE]: 'offline' })).toEqual([]);
    const [finding] = found({ settings: settings(rule('online')) });
    expect(finding!.change[0]!.command).toContain('/etc/udev/rules.d/40-x.rules');
  });

  it('by a kernel whose blocks say that they stay', () => {
    const blocks = HEALTHY.blocks!.map((each) => ({ ...each, isRemovable: false }));
    expect(idsOf({ blocks })).toEqual(['problem no-hot-remove']);
    expect(idsOf({ blocks: [], dimms: [], wanted: { blocks: [], pages: null, isNamed: true } })).toEqual([
      'problem no-hot-remove',
    ]);
  });

  it('shows nothing that a terminal would obey', () => {
    const path = '/lib/udev/rules.d/\u001b[2J.rules';
    const [finding] = found({ settings: settings({ [path]: 'SUBSYSTEM=="memory", ATTR{state}="online"' }) });
    expect(JSON.stringify(finding!.seen)).not.toContain('\\u001b[2J.rules has');
    expect(finding!.seen).not.toContain('\u001b');
  });
});

describe('what is not known', () => {
  it('is said, rule by rule, and never guessed', () => {
    const { findings, unknown } = lint({
      ...HEALTHY,
      settings: new Settings([]),
      blocks: null,
      dimms: null,
      zones: null,
      memory: null,
      systemRam: null,
      countsOf: null,
    });
    expect(findings).toEqual([]);
    expect(unknown.map(({ about }) => about)).toEqual(
      LINT_RULES.filter(({ needs }) => needs.length > 0).map(({ about }) => about),
    );
    expect(unknown.flatMap(({ missing }) => missing)).toContain('page flags (kpageflags)');
  });

  it('differs from what is not there', () => {
    const parsed = Settings.parse('/a 1\n/b\n/c x y \n/c z\nnonsense\n/d \n');
    expect(['/a', '/b', '/c', '/d', '/e'].map((path) => parsed.knows(path))).toEqual([true, true, true, true, false]);
    expect(['/a', '/b', '/c', '/d', '/e'].map((path) => parsed.value(path))).toEqual(['1', null, 'x y', '', null]);
    expect(parsed.values('/c')).toEqual(['x y', 'z']);
  });
});

describe('findings', () => {
  it('come with the gravest first', () => {
    const order = ['problem', 'warning', 'note'];
    const severities = found({
      memory: { swapTotal: 0, swapFree: 0, available: 0, cmaTotal: 5 },
      countsOf: () => ({ ...NO_PAGES, used: 5, reserved: 1 }),
      settings: settings({ [AUTO_ONLINE]: 'online' }),
    }).map(({ severity }) => order.indexOf(severity));
    expect(new Set(severities).size).toBe(3);
    expect(severities).toEqual([...severities].sort());
  });
});
