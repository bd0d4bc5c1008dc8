import { formatPages, PAGE_SIZE } from '../mm/units.js';
import type { Finding, LintRule } from './finding.js';
import { CMDLINE, COMPACT_UNEVICTABLE, GIGANTIC_PAGES } from './settings.js';
import { shown } from './text.js';

const GIB_PAGES = 2 ** 30 / PAGE_SIZE;

/** Boot parameters that decide which memory can be removed (Documentation/admin-guide/kernel-parameters.txt). */
const PARAMETERS: ReadonlyArray<{ readonly name: string; readonly why: string }> = [
  {
    name: 'movablecore',
    why: 'So much of boot memory is in ZONE_MOVABLE, spread over all nodes, and can be taken offline.',
  },
  { name: 'kernelcore', why: 'All of boot memory beyond that is in ZONE_MOVABLE, and can be taken offline.' },
  {
    name: 'movable_node',
    why: 'Nodes that firmware calls hot-pluggable are in ZONE_MOVABLE as a whole, and can be taken out.',
  },
  { name: 'memhp_default_state', why: 'It is what auto_online_blocks begins with.' },
  { name: 'mem', why: 'Memory above it is not used; where it cuts a memory block, that block has a hole and stays.' },
  { name: 'memmap', why: 'It takes memory out of the map; a block that it cuts has a hole and stays.' },
];

const bootParameters: LintRule = {
  about: 'boot parameters that decide which memory can be removed',
  needs: [CMDLINE],
  check({ settings }) {
    const words = (settings.value(CMDLINE) ?? '').split(/\s+/);
    return PARAMETERS.flatMap(({ name, why }): Finding[] => {
      const word = words.find((each) => each === name || each.startsWith(`${name}=`));
      if (word === undefined) return [];
      return [
        {
          id: 'boot-parameter',
          severity: 'note',
          seen: `The boot parameter ${shown(word)} is set.`,
          why,
          change: [],
          blocks: [],
        },
      ];
    });
  },
};

const gigantic: LintRule = {
  about: 'whether there are gigantic pages',
  needs: [GIGANTIC_PAGES],
  check({ settings }) {
    const number = Number(/^\d{1,9}$/.exec(settings.value(GIGANTIC_PAGES) ?? '')?.[0] ?? 0);
    if (number === 0) return [];
    return [
      {
        id: 'gigantic-pages',
        severity: 'warning',
        seen: `There ${number === 1 ? 'is one huge page' : `are ${number} huge pages`} of 1 GiB.`,
        why: 'A memory block with a part of one goes only if another is free elsewhere, which there seldom is.',
        change: [
          {
            what: 'Have them all on a node whose memory need not go.',
            command: 'hugepagesz=1G hugepages=0:N',
            effect: 'at the next boot',
          },
        ],
        blocks: [],
      },
    ];
  },
};

const unevictable: LintRule = {
  about: 'whether compaction may move locked memory',
  needs: [COMPACT_UNEVICTABLE],
  check({ settings }) {
    if (settings.value(COMPACT_UNEVICTABLE) !== '0') return [];
    return [
      {
        id: 'unevictable-stays',
        severity: 'note',
        seen: 'compact_unevictable_allowed is 0.',
        why: 'Compaction leaves locked memory (mlock) where it is, so huge pages become rare; offlining moves it all the same.',
        change: [
          { what: 'Let it move locked memory too.', command: `echo 1 > ${COMPACT_UNEVICTABLE}`, effect: 'at once' },
        ],
        blocks: [],
      },
    ];
  },
};

const largeBlocks: LintRule = {
  about: 'how large memory blocks are beside what is to be removed',
  needs: ['blocks', 'dimms'],
  check({ blockPages, dimms, wanted }) {
    if (blockPages === null) return [];
    const size = formatPages(blockPages);
    const findings: Finding[] = [];
    if (blockPages >= GIB_PAGES && ((dimms?.length ?? 0) > 0 || wanted.isNamed)) {
      findings.push({
        id: 'large-blocks',
        severity: 'note',
        seen: `Memory goes offline in blocks of ${size}.`,
        why: 'One page that stays keeps so much memory; the size was chosen at boot, by how much memory there was.',
        change: [],
        blocks: [],
      });
    }
    if (wanted.pages !== null && wanted.pages % blockPages !== 0) {
      const up = Math.ceil(wanted.pages / blockPages) * blockPages;
      findings.push({
        id: 'no-whole-blocks',
        severity: 'note',
        seen: `${formatPages(wanted.pages)} are no whole number of memory blocks of ${size}.`,
        why: `It will take ${formatPages(up)}, as memory goes in whole blocks.`,
        change: [],
        blocks: [],
      });
    }
    return findings;
  },
};

export const BOOT_RULES: readonly LintRule[] = [largeBlocks, bootParameters, gigantic, unevictable];
