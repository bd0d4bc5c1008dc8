import { formatBytes } from '../../mm/units.js';
import type { Palette } from '../palette.js';
import { table } from '../tables.js';
import { countOf } from '../wording.js';
import type { MemoryReport } from './inspect-report.js';

/** More ranges than this nobody reads one by one. */
const RANGES_MAX = 40;
const ADDRESSES = /^0x0*([0-9a-f]+)-0x0*([0-9a-f]+)$/;

/** lsmem's table and its totals; addresses as /proc/iomem has them, so that a line fits 80 columns. */
export function memoryLines({ memory, blockBytes, onlineBytes, offlineBytes }: MemoryReport, palette: Palette) {
  const rows = memory
    .slice(0, RANGES_MAX)
    .map(({ range, size, state, removable, block, node, zones }) => [
      range.replace(ADDRESSES, '$1-$2'),
      formatBytes(size),
      state === 'online' ? state : palette.dim(state),
      state === 'online' ? yesOrNo(removable) : '',
      block,
      node === null ? '-' : `${node}`,
      zones ?? '-',
    ]);
  const rest = memory.length - rows.length;
  return [
    table(
      palette,
      [
        ['range', 'right'],
        ['size', 'right'],
        ['state', 'right'],
        ['removable', 'right'],
        ['block', 'right'],
        ['node', 'right'],
        ['zones', 'left'],
      ],
      rows,
    ),
    ...(rest > 0 ? [palette.dim(`  … ${countOf(rest, 'more range')}; --json lists them all`)] : []),
    palette.dim(
      `  in blocks of ${formatBytes(blockBytes)}: ${formatBytes(onlineBytes)} online, ${formatBytes(offlineBytes)} offline`,
    ),
  ];
}

function yesOrNo(removable: boolean | null): string {
  return removable === null ? '-' : removable ? 'yes' : 'no';
}
