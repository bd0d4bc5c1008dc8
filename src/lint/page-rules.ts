import { formatPages } from '../mm/units.js';
import { type BlockFacts, isMovable, type LintFacts, wantedBlocks } from './facts.js';
import type { Finding, LintRule } from './finding.js';
import { addCounts, NO_PAGES, type PageCounts, unmovablePages } from './page-counts.js';
import { blockList, countBlocks, countOf } from './text.js';

/** The blocks among `blocks` with pages that `count` counts, and their pages together. */
function blocksWith(
  { countsOf }: LintFacts,
  blocks: readonly BlockFacts[],
  count: (counts: PageCounts) => number,
): { readonly blocks: number[]; readonly counts: PageCounts } {
  const found: number[] = [];
  let counts = NO_PAGES;
  for (const { block } of blocks) {
    const own = countsOf?.(block) ?? NO_PAGES;
    if (count(own) === 0) continue;
    found.push(block);
    counts = addCounts(counts, own);
  }
  return { blocks: found, counts };
}

const reservedInside: LintRule = {
  about: 'whether memory reserved at boot lies in what is to be removed',
  needs: ['blocks', 'dimms', 'countsOf'],
  check(facts) {
    const { blocks, counts } = blocksWith(facts, wantedBlocks(facts), ({ reserved }) => reserved);
    if (blocks.length === 0) return [];
    return [
      {
        id: 'reserved-inside',
        severity: 'problem',
        seen: `${countOf(counts.reserved, 'reserved page')} lie in ${countBlocks(blocks)}.`,
        why: 'Reserved pages never move, also in ZONE_MOVABLE: the memory map, what the kernel took at boot, or firmware.',
        change: [
          {
            what: 'If the memory holds its own map (memmap_on_memory) its first pages are reserved, and that is as it should be.',
            command: null,
            effect: null,
          },
          {
            what: 'If it was there at boot, keep the kernel out of it, and its image where it always is.',
            command: 'movable_node nokaslr',
            effect: 'at the next boot',
          },
        ],
        blocks,
      },
    ];
  },
};

const kernelInside: LintRule = {
  about: 'whether kernel pages lie in what is to be removed',
  needs: ['blocks', 'dimms', 'countsOf'],
  check(facts) {
    const ours = ({ slab, pageTables, otherKernel }: PageCounts) => slab + pageTables + otherKernel;
    const inKernelZones = wantedBlocks(facts).filter((each) => each.isOnline && !isMovable(each));
    const { blocks, counts } = blocksWith(facts, inKernelZones, ours);
    if (blocks.length === 0) return [];
    const parts = [
      [counts.slab, 'slab'],
      [counts.pageTables, 'page tables'],
      [counts.otherKernel, 'other kernel memory'],
    ] as const;
    const kinds = parts
      .filter(([pages]) => pages > 0)
      .map(([pages, name]) => `${pages.toLocaleString('en-US')} ${name}`);
    return [
      {
        id: 'kernel-pages-inside',
        severity: 'problem',
        seen: `${countOf(ours(counts), 'kernel page')} (${kinds.join(', ')}) lie in ${countBlocks(blocks)}.`,
        why: 'Those blocks do not go as long as one such page is in use; nothing moves them.',
        change: [
          {
            what: 'Inodes and dentries can be freed, which may empty some slabs.',
            command: 'echo 2 > /proc/sys/vm/drop_caches',
            effect: 'at once',
          },
          {
            what: 'After the next boot, online this memory as movable before anything uses it.',
            command: 'memhp_default_state=online_movable',
            effect: 'at the next boot',
          },
        ],
        blocks,
      },
    ];
  },
};

const hugetlbInside: LintRule = {
  about: 'whether huge pages lie in what is to be removed',
  needs: ['blocks', 'dimms', 'countsOf'],
  check(facts) {
    const { blocks, counts } = blocksWith(facts, wantedBlocks(facts), ({ hugetlb }) => hugetlb);
    if (blocks.length === 0) return [];
    return [
      {
        id: 'hugetlb-inside',
        severity: 'note',
        seen: `${formatPages(counts.hugetlb)} of hugetlb pages lie in ${countBlocks(blocks)}.`,
        why: 'Each one in use needs a free one of its size elsewhere, and free ones are dissolved: the pool shrinks.',
        change: [
          {
            what: 'Keep as many free in the rest of the machine, or lower the pool first.',
            command: 'echo N > /proc/sys/vm/nr_hugepages',
            effect: 'at once',
          },
        ],
        blocks,
      },
    ];
  },
};

const room: LintRule = {
  about: 'whether there is room for what lies in memory that is to be removed',
  needs: ['blocks', 'dimms', 'countsOf', 'memory'],
  check(facts) {
    const { dimms, wanted } = facts;
    const units = wanted.isNamed ? [{ name: 'What is named', blocks: wanted.blocks }] : (dimms ?? []);
    return units.flatMap(({ name, blocks }) => noRoom(facts, name, blocks));
  },
};

/** Its pages need as many elsewhere: free, in caches that can be dropped, or in swap space. */
function noRoom(facts: LintFacts, name: string, numbers: readonly number[]): Finding[] {
  const { countsOf, memory, blockPages } = facts;
  const own = (facts.blocks ?? []).filter(({ block, isOnline }) => isOnline && numbers.includes(block));
  if (countsOf === null || memory === null || blockPages === null || own.length === 0) return [];
  let used = 0;
  for (const { block } of own) {
    const counts = countsOf(block);
    used += counts.used - unmovablePages(counts);
  }
  const freeInside = own.length * blockPages - used;
  const elsewhere = Math.max(0, memory.available - freeInside) + memory.swapFree;
  if (used <= elsewhere) return [];
  return [
    {
      id: 'no-room',
      severity: 'warning',
      seen: `${name} (${blockList(numbers)}) holds ${formatPages(used)}, and there is room for ${formatPages(elsewhere)} elsewhere.`,
      why: 'Its pages have nowhere to go: the kernel tries for ever, and may kill processes to get free memory.',
      change: [
        {
          what: 'Add swap space, or take load off the machine before memory is removed.',
          command: 'swapon FILE',
          effect: 'at once',
        },
      ],
      blocks: [...numbers],
    },
  ];
}

const swap: LintRule = {
  about: 'whether there is swap space',
  needs: ['memory'],
  check({ memory }) {
    if (memory === null || memory.swapTotal > 0) return [];
    return [
      {
        id: 'no-swap',
        severity: 'note',
        seen: 'The host has no swap space.',
        why: 'What is in memory that goes must fit into the rest as it is; nothing can make way for it.',
        change: [{ what: 'Add some; compressed memory will do.', command: 'swapon FILE', effect: 'at once' }],
        blocks: [],
      },
    ];
  },
};

const cma: LintRule = {
  about: 'whether memory is kept for contiguous allocations',
  needs: ['memory'],
  check({ memory }) {
    if (memory === null || memory.cmaTotal === 0) return [];
    return [
      {
        id: 'cma',
        severity: 'note',
        seen: `${formatPages(memory.cmaTotal)} are kept for contiguous allocations (CMA).`,
        why: 'A block with a part of such a region does not go offline.',
        change: [{ what: 'Say where it is to lie.', command: 'cma=SIZE@ADDRESS', effect: 'at the next boot' }],
        blocks: [],
      },
    ];
  },
};

export const PAGE_RULES: readonly LintRule[] = [reservedInside, kernelInside, hugetlbInside, room, swap, cma];
