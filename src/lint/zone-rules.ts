import { nrPagesIn, overlaps, rangeOf } from '../mm/pfn-range.js';
import { formatPages } from '../mm/units.js';
import { type BlockFacts, isMovable, type LintFacts, wantedBlocks } from './facts.js';
import type { Change, Finding, LintRule } from './finding.js';
import { blockList, countBlocks } from './text.js';

/** Documentation/admin-guide/mm/memory-hotplug.rst: 3:1 or even 4:1 is known to work; beyond it depends on the workload. */
const RATIO_GOOD_MAX = 3;
const RATIO_SAFE_MAX = 4;

const KERNEL_ZONES = ['DMA', 'DMA32', 'Normal'];

/** How memory gets into ZONE_MOVABLE: what is there now, what comes, and what is there at boot. */
export function movableChanges(blocks: readonly number[]): Change[] {
  const list = blockList(blocks);
  return [
    {
      what: 'Take what still goes offline and bring it back as movable.',
      command: `vacate offline live --blocks ${list} --keep-partial --commit; vacate online live --blocks ${list} --zone movable --commit`,
      effect: 'at once',
    },
    {
      what: 'Have memory onlined as movable when it is plugged in.',
      command: 'memhp_default_state=online_movable',
      effect: 'at the next boot',
    },
  ];
}

const kernelZones: LintRule = {
  about: 'whether what is to be removed lies in ZONE_MOVABLE',
  needs: ['blocks', 'dimms'],
  check(facts) {
    const caught = wantedBlocks(facts).filter((each) => each.isOnline && KERNEL_ZONES.includes(each.zones[0] ?? ''));
    if (caught.length === 0) return [];
    const blocks = caught.map(({ block }) => block);
    const zones = [...new Set(caught.map(({ zones }) => zones[0]))].join(' and ');
    return [
      {
        id: 'removable-in-kernel-zone',
        severity: 'problem',
        seen: `${countBlocks(blocks)} that may have to go one day ${blocks.length === 1 ? 'is' : 'are'} in zone ${zones}.`,
        why: 'The kernel may put memory there that never moves, and one such page keeps the whole block for ever.',
        change: movableChanges(blocks),
        blocks,
      },
    ];
  },
};

const nothingToRemove: LintRule = {
  about: 'whether there is memory that can be unplugged',
  needs: ['blocks', 'dimms'],
  check({ dimms, wanted }) {
    if (wanted.isNamed || wanted.pages !== null || (dimms?.length ?? 0) > 0) return [];
    return [
      {
        id: 'nothing-plugged-in',
        severity: 'note',
        seen: 'No DIMM and no other memory of a driver is known that could be unplugged.',
        why: 'Nothing is known that would have to go one day, so little of it was looked at.',
        change: [{ what: 'Say what is to be removable: --blocks or --want.', command: null, effect: null }],
        blocks: [],
      },
    ];
  },
};

const movableRatio: LintRule = {
  about: 'how much movable memory there is for each byte of kernel memory',
  needs: ['zones'],
  check({ zones }) {
    const sum = (isWanted: (kind: string) => boolean) =>
      (zones ?? []).reduce((pages, { kind, managed }) => (isWanted(kind) ? pages + managed : pages), 0);
    const movable = sum((kind) => kind === 'Movable');
    const kernel = sum((kind) => kind !== 'Movable');
    if (movable <= RATIO_GOOD_MAX * kernel) return [];
    const ratio = kernel === 0 ? 'all memory' : `${(movable / kernel).toFixed(1)} : 1`;
    return [
      {
        id: 'movable-ratio',
        severity: movable > RATIO_SAFE_MAX * kernel ? 'warning' : 'note',
        seen: `${formatPages(movable)} are movable beside ${formatPages(kernel)} of kernel memory (${ratio}).`,
        why: `The kernel's own memory has to fit into the rest; up to ${RATIO_GOOD_MAX}:1, perhaps ${RATIO_SAFE_MAX}:1, is known to work.`,
        change: [
          {
            what: 'Online a part of the memory to a kernel zone, best of a DIMM that need not go.',
            command: 'echo online_kernel > /sys/devices/system/memory/memoryN/state',
            effect: 'at once',
          },
        ],
        blocks: [],
      },
    ];
  },
};

const holes: LintRule = {
  about: 'whether blocks have holes or lie in several zones',
  needs: ['blocks'],
  check(facts) {
    const named = new Set(facts.wanted.blocks);
    const bad = (facts.blocks ?? []).filter(
      (each) => each.isOnline && (each.zones.length === 0 || hasHoles(facts, each)),
    );
    const findings = [bad.filter(({ block }) => named.has(block)), bad.filter(({ block }) => !named.has(block))];
    return findings.flatMap((blocks, index) => (blocks.length === 0 ? [] : [holesFinding(facts, blocks, index === 0)]));
  },
};

function holesFinding(facts: LintFacts, bad: readonly BlockFacts[], isWanted: boolean): Finding {
  const blocks = bad.map(({ block }) => block);
  const holed = bad.filter((each) => hasHoles(facts, each)).map(({ block }) => block);
  const mixed = bad.map(({ block }) => block).filter((block) => !holed.includes(block));
  const parts = [
    ...(holed.length === 0 ? [] : [`${countBlocks(holed)} with holes: not all of it is System RAM`]),
    ...(mixed.length === 0 ? [] : [`${countBlocks(mixed)} in more than one zone or node (valid_zones: none)`]),
  ];
  return {
    id: isWanted ? 'holes-in-removable' : 'holes',
    severity: isWanted ? 'problem' : 'note',
    seen: `${parts.join('; ')}.`,
    why: 'Such a block never goes offline: the kernel answers EINVAL before it looks at a single page.',
    change: isWanted
      ? [
          {
            what: 'Plug memory in at addresses and in sizes that fill whole memory blocks.',
            command: null,
            effect: null,
          },
        ]
      : [],
    blocks,
  };
}

/** Offlining asks for System RAM from end to end (walk_system_ram_range). Unknown RAM has no hole that is known. */
function hasHoles({ systemRam, blockPages }: LintFacts, { block }: BlockFacts): boolean {
  if (systemRam === null || blockPages === null) return false;
  const range = rangeOf(block * blockPages, blockPages);
  const present = systemRam
    .filter((ram) => overlaps(ram, range))
    .reduce(
      (pages, ram) => pages + nrPagesIn({ start: Math.max(ram.start, range.start), end: Math.min(ram.end, range.end) }),
      0,
    );
  return present < blockPages;
}

const offlineMemory: LintRule = {
  about: 'whether plugged-in memory is in use',
  needs: ['blocks', 'dimms'],
  check(facts) {
    const blocks = wantedBlocks(facts)
      .filter(({ isOnline }) => !isOnline)
      .map(({ block }) => block);
    if (blocks.length === 0) return [];
    return [
      {
        id: 'offline',
        severity: 'note',
        seen: `${countBlocks(blocks)} of plugged-in memory ${blocks.length === 1 ? 'is' : 'are'} offline.`,
        why: 'It can be unplugged at once, and until then nobody can use it.',
        change: [
          {
            what: 'Bring it online as movable, so that it can go again.',
            command: `vacate online live --blocks ${blockList(blocks)} --zone movable --commit`,
            effect: 'at once',
          },
        ],
        blocks,
      },
    ];
  },
};

const enough: LintRule = {
  about: 'whether as much memory as is wanted can be removable',
  needs: ['blocks'],
  check({ blocks, blockPages, wanted }) {
    if (wanted.pages === null || blockPages === null) return [];
    const good = (blocks ?? []).filter((each) => each.isOnline && isMovable(each)).map(({ block }) => block);
    const pages = good.length * blockPages;
    if (pages >= wanted.pages) return [];
    return [
      {
        id: 'too-little-movable',
        severity: 'problem',
        seen: `${formatPages(pages)} are in whole memory blocks of ZONE_MOVABLE, and ${formatPages(wanted.pages)} are wanted.`,
        why: 'What lies in other zones goes only as long as the kernel has put nothing of its own there.',
        change: [
          {
            what: 'Have so much of boot memory made movable, besides memory that is plugged in as movable.',
            command: `movablecore=${Math.ceil((wanted.pages - pages) / 256)}M`,
            effect: 'at the next boot',
          },
        ],
        blocks: good,
      },
    ];
  },
};

export const ZONE_RULES: readonly LintRule[] = [
  nothingToRemove,
  kernelZones,
  enough,
  movableRatio,
  holes,
  offlineMemory,
];
