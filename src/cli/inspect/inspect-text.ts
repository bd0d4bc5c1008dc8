import type { MachineImage } from '../../mm/machine-image.js';
import { BLOCK_ABSENT } from '../../mm/memory-block.js';
import { formatBytes, formatPages } from '../../mm/units.js';
import { countKinds } from '../../picture/page-bytes.js';
import { KIND_FREE, KIND_HOLE, PAGE_KINDS, usedIn } from '../../picture/page-kinds.js';
import type { MachineSpec } from '../../sim/machine.js';
import { drawMap, type MapOptions, type MapSource } from '../memory-map.js';
import type { Palette } from '../palette.js';
import { formatBlocks } from '../parse-blocks.js';
import { type Align, table } from '../tables.js';
import { countOf, formatAddress, formatCount, formatShare, wrap } from '../wording.js';
import { memoryLines } from './inspect-memory.js';
import { freeIn, type InspectReport, type ZoneReport } from './inspect-report.js';

/** More blocks than this nobody reads one by one. */
const BLOCKS_MAX = 64;
/** So many zones fit side by side, with their page kinds and with their free lists. */
const ZONES_ABREAST = { kinds: 3, orders: 2 } as const;

export const CAVEATS_TITLE = {
  scenario: 'What is not known',
  capture: 'What the capture does not say',
  live: 'What this host does not say',
} as const;

/** What the first screen is made of; it is known before there is a machine. */
export interface FirstLook {
  readonly origin: string;
  readonly machine: MapSource & { readonly flags: Uint32Array } & {
    readonly spec: Pick<MachineSpec, 'name' | 'nrCpus' | 'zones'>;
  };
}

export function lookOfImage(image: MachineImage, origin: string): FirstLook {
  const blockState = new Uint8Array(Math.ceil(image.nrPfns / image.blockPages));
  for (const { block, state } of image.blocks) blockState[block] = state;
  const { flags, migratetypes } = image;
  const types = migratetypes ? { migratetype: Uint8Array.from(migratetypes) } : {};
  return { origin, machine: { flags, blockState, spec: image, ...types } };
}

export const ORIGINS = { capture: 'a capture', live: 'a host' } as const;

/** The head of a report, and its map. */
export function firstScreen({ origin, machine }: FirstLook, map: MapOptions): string[] {
  const { palette } = map;
  const { name, nrCpus, blockPages, zones } = machine.spec;
  const nrBlocks = machine.blockState.reduce((nr, state) => nr + (state === BLOCK_ABSENT ? 0 : 1), 0);
  const present = zones.reduce((sum, { start, end }) => {
    return sum + end - start - countKinds(machine.flags, start, end)[KIND_HOLE]!;
  }, 0);
  const blocks = `${countOf(nrBlocks, 'memory block')} of ${formatPages(blockPages)}`;
  const head = wrap(`${name}, ${origin}: ${formatPages(present)} online, ${blocks}, ${countOf(nrCpus, 'CPU')}.`, 80);
  const { lines, legend } = drawMap(machine, map);
  return [palette.bold(name) + head.slice(name.length), '', palette.bold('Map'), ...lines, ...legend];
}

/** All that comes after the first screen, 80 columns wide. */
export function inspectText(report: InspectReport, palette: Palette): string[] {
  const { caveats, source } = report.open;
  const section = (title: string, ...lines: readonly string[]) => [palette.bold(title), ...lines, ''];
  return [
    ...section('Zones', zoneTable(report, palette)),
    ...(report.nodes.length > 1 ? section('Nodes', nodeTable(report, palette)) : []),
    ...(report.dimms.length > 0 ? section('DIMMs', dimmTable(report, palette)) : []),
    ...section('Memory', ...memoryLines(report.lsmem, palette)),
    ...section('Memory blocks', ...blockLines(report, palette)),
    ...section(
      'Pages by kind and zone',
      ...chunks(report.zones, ZONES_ABREAST.kinds).map((zones) => kindTable(zones, palette)),
    ),
    ...section(
      'Free blocks by order',
      ...chunks(report.zones, ZONES_ABREAST.orders).map((zones) => orderTable(zones, palette)),
      palette.dim('  unusable: the part of free memory that lies in smaller blocks'),
      palette.dim('  index: why an allocation fails, 0 for want of memory, 1 for fragmentation'),
    ),
    ...section('As a simulated machine', sizeLine(report)),
    ...(caveats.length > 0 ? section(CAVEATS_TITLE[source], ...caveats.map(caveatLine)) : []),
  ].slice(0, -1);
}

function caveatLine(caveat: string): string {
  return `  ! ${wrap(caveat, 76, '    ')}`;
}

function sizeLine({ size }: InspectReport): string {
  const { bytes, bytesPerPage, pages, parts } = size;
  const largest = parts.slice(0, 3).map((part) => `${part.name} ${(part.bytes / Math.max(pages, 1)).toFixed(1)}`);
  const text =
    `Simulated in ${bytesPerPage.toFixed(1)} bytes a page (${largest.join(', ')}): ` +
    `${formatBytes(bytes)} for ${countOf(pages, 'page')}.`;
  return `  ${wrap(text, 78, '  ')}`;
}

const RIGHT = 'right' as Align;
const LEFT = 'left' as Align;

function zoneTable({ zones }: InspectReport, palette: Palette): string {
  return table(
    palette,
    [
      ['zone', LEFT],
      ['from', RIGHT],
      ['pages', RIGHT],
      ['managed', RIGHT],
      ['free', RIGHT],
      ['min', RIGHT],
      ['low', RIGHT],
      ['high', RIGHT],
      ['used', RIGHT],
    ],
    zones.map(({ name, start, present, managed, kinds, watermarks }) => [
      name,
      formatAddress(start),
      formatCount(present),
      formatCount(managed),
      belowMark(freeIn(kinds), watermarks.low, palette),
      formatCount(watermarks.min),
      formatCount(watermarks.low),
      formatCount(watermarks.high),
      formatShare(usedIn(kinds), present),
    ]),
  );
}

/** A zone that is short of memory stands out. */
function belowMark(free: number, low: number, palette: Palette): string {
  return free < low ? palette.bad(formatCount(free)) : formatCount(free);
}

function nodeTable({ nodes }: InspectReport, palette: Palette): string {
  return table(
    palette,
    [
      ['node', RIGHT],
      ['memory', RIGHT],
      ['free', RIGHT],
      ['used', RIGHT],
    ],
    nodes.map(({ node, present, kinds }) => [
      `${node}`,
      formatPages(present),
      formatPages(freeIn(kinds)),
      formatShare(usedIn(kinds), present),
    ]),
  );
}

function dimmTable({ dimms }: InspectReport, palette: Palette): string {
  return table(
    palette,
    [
      ['DIMM', LEFT],
      ['node', RIGHT],
      ['size', RIGHT],
      ['from', RIGHT],
      ['blocks', LEFT],
      ['online', RIGHT],
      ['used', RIGHT],
    ],
    dimms.map(({ name, node, start, end, blocks, online, kinds }) => [
      name,
      `${node}`,
      formatPages(end - start),
      formatAddress(start),
      formatBlocks(blocks),
      `${online} of ${blocks.length}`,
      formatShare(usedIn(kinds), usedIn(kinds) + freeIn(kinds)),
    ]),
  );
}

function blockLines({ blocks }: InspectReport, palette: Palette): string[] {
  const rows = blocks
    .slice(0, BLOCKS_MAX)
    .map(({ block, state, zone, dimm, kinds }) => [
      `${block}`,
      state === 'online' ? state : palette.dim(state),
      zone ?? '-',
      dimm ?? '-',
      formatShare(usedIn(kinds), usedIn(kinds) + freeIn(kinds)),
      largestKinds(kinds),
    ]);
  const text = table(
    palette,
    [
      ['block', RIGHT],
      ['state', LEFT],
      ['zone', LEFT],
      ['DIMM', LEFT],
      ['used', RIGHT],
      ['of what kind', LEFT],
    ],
    rows,
  );
  const rest = blocks.length - rows.length;
  return rest > 0 ? [text, palette.dim(`  … ${countOf(rest, 'more block')}; --json lists them all`)] : [text];
}

/** "anonymous 83%, file cache 12%": shares of the used pages, the two largest, then how many kinds more. */
export function largestKinds(kinds: Uint32Array): string {
  const used = usedIn(kinds);
  const present = [...kinds.entries()].filter(([kind, pages]) => kind > KIND_FREE && pages > 0);
  const named = present
    .sort((a, b) => b[1] - a[1])
    .slice(0, 2)
    .map(([kind, pages]) => `${PAGE_KINDS[kind]!.label} ${formatShare(pages, used)}`);
  return `${named.join(', ')}${present.length > 2 ? ` +${present.length - 2}` : ''}`;
}

function chunks(zones: readonly ZoneReport[], size: number): ZoneReport[][] {
  const made: ZoneReport[][] = [];
  for (let at = 0; at < zones.length; at += size) made.push(zones.slice(at, at + size));
  return made;
}

function kindTable(zones: readonly ZoneReport[], palette: Palette): string {
  const rows = PAGE_KINDS.flatMap(({ label }, kind) => {
    if (kind === KIND_HOLE || zones.every(({ kinds }) => kinds[kind] === 0)) return [];
    return [
      [
        label,
        ...zones.flatMap(({ kinds, present }) => [formatCount(kinds[kind]!), formatShare(kinds[kind]!, present)]),
      ],
    ];
  });
  const conditions = Object.keys(zones[0]?.conditions ?? {}).flatMap((name) => {
    if (zones.every((zone) => zone.conditions[name] === 0)) return [];
    return [
      [palette.dim(`of all, ${inWords(name)}`), ...zones.flatMap((zone) => [formatCount(zone.conditions[name]!), ''])],
    ];
  });
  const columns = zones.flatMap(({ name }): (readonly [string, Align])[] => [
    [name, RIGHT],
    ['', RIGHT],
  ]);
  return table(palette, [['', LEFT], ...columns], [...rows, ...conditions]);
}

/** "transparentHuge" is a key; people read "transparent huge". */
function inWords(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace('cpu', 'CPU');
}

function orderTable(zones: readonly ZoneReport[], palette: Palette): string {
  const columns = zones.flatMap(({ name }): (readonly [string, Align])[] => [
    [name, RIGHT],
    ['unusable', RIGHT],
    ['index', RIGHT],
  ]);
  const rows = (zones[0]?.freeBlocks ?? []).map((_, order) => [
    `${order}`,
    formatPages(2 ** order),
    ...zones.flatMap(({ freeBlocks, unusableIndex, fragmentationIndex }) => {
      const index = fragmentationIndex[order]!;
      return [
        formatCount(freeBlocks[order]!),
        `${(100 * unusableIndex[order]!).toFixed(0)}%`,
        index === null ? '-' : index.toFixed(2),
      ];
    }),
  ]);
  return table(palette, [['order', RIGHT], ['size', RIGHT], ...columns], rows);
}
