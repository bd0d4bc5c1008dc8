import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { type Watermarks, ZONE_KINDS, type ZoneKind } from '../mm/zone.js';
import { type Pageset, parsePagesets } from './per-cpu-lists.js';
import { TAKE_AGAIN } from './wording.js';

/** What the kernel counted in a zone when zoneinfo was read, which is not when kpageflags was read. */
export interface ZoneCounters {
  readonly nrManaged: number;
  readonly nrFree: number;
  /** Free pages on the lists of all CPUs; not part of `nrFree`. */
  readonly nrPcp: number;
  readonly nrZspages: number;
  /** Each CPU's lists. */
  readonly pagesets: readonly Pageset[];
}

/** A zone as the kernel spans it, holes included and not rounded; `counters` is null if nobody counted. */
export interface ZoneRecord {
  readonly node: number;
  readonly kind: ZoneKind;
  readonly start: number;
  readonly end: number;
  readonly watermarks: Watermarks;
  readonly lowmemReserve: Readonly<Record<ZoneKind, number>>;
  readonly counters: ZoneCounters | null;
}

export interface Zoneinfo {
  readonly zones: readonly ZoneRecord[];
  readonly nrCpus: number;
}

/** CONFIG_NR_CPUS, and nodes times kinds of zones, as the largest kernels are built. */
const CPUS_MAX = 8192;
const ZONES_MAX = 1024;

interface Section {
  readonly node: number;
  readonly kind: string;
  readonly lines: string[];
}

/** /proc/zoneinfo, as mm/vmstat.c zoneinfo_show_print writes it: a section per node and zone, empty zones too. */
export function parseZoneinfo(text: string): Zoneinfo {
  const sections = sectionsOf(text);
  const zones: ZoneRecord[] = [];
  const cpus = new Set<string>();
  for (const section of sections) {
    for (const line of section.lines) {
      const cpu = /^\s+cpu:\s*(\d{1,6})/.exec(line)?.[1];
      if (cpu !== undefined) cpus.add(cpu);
    }
    // A zone without a present page is written without its start. Device memory is never onlined as System RAM.
    if (section.kind === 'Device' || field(section, 'spanned') === 0 || field(section, 'present') === 0) continue;
    const siblings = sections.filter(({ node }) => node === section.node).map(({ kind }) => kind);
    zones.push(recordOf(section, siblings));
  }
  if (zones.length === 0) {
    throw new VacateError('capture', `zoneinfo lists no zone that has memory: ${TAKE_AGAIN}.`);
  }
  if (cpus.size > CPUS_MAX || zones.length > ZONES_MAX) {
    throw new VacateError(
      'capture',
      `zoneinfo has ${cpus.size} CPUs and ${zones.length} zones, more than any kernel: ${TAKE_AGAIN}.`,
    );
  }
  return { zones, nrCpus: Math.max(1, cpus.size) };
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  for (const line of text.split('\n')) {
    const title = /^Node (\d{1,4}), zone\s+(\S+)/.exec(line);
    if (title !== null) sections.push({ node: Number(title[1]), kind: title[2] as string, lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

function recordOf(section: Section, siblings: readonly string[]): ZoneRecord {
  const kind = ZONE_KINDS.find((known) => known === section.kind);
  if (kind === undefined) {
    throw new VacateError(
      'capture',
      `zoneinfo has a zone ${quoted(section.kind)}, and only ${ZONE_KINDS.join(', ')} are known here: ` +
        'take the capture on a 64-bit kernel.',
    );
  }
  const start = field(section, 'start_pfn:');
  const pagesets = parsePagesets(section.lines);
  return {
    node: section.node,
    kind,
    start,
    end: start + field(section, 'spanned'),
    watermarks: { min: field(section, 'min'), low: field(section, 'low'), high: field(section, 'high') },
    lowmemReserve: lowmemReserveOf(section, siblings),
    counters: {
      nrManaged: field(section, 'managed'),
      nrFree: field(section, 'pages free'),
      nrPcp: pagesets.reduce((sum, { count }) => sum + count, 0),
      // Written only by kernels that have zsmalloc.
      nrZspages: optionalField(section, 'nr_zspages') ?? 0,
      pagesets,
    },
  };
}

/** The first line that is `name number`: per-CPU lines end their names with a colon, so "high" is the watermark. */
function optionalField(section: Section, name: string): number | null {
  for (const line of section.lines) {
    const words = line.trim();
    if (!words.startsWith(name)) continue;
    const rest = words.slice(name.length);
    if (/^\s+\d{1,15}$/.test(rest)) return Number(rest);
  }
  return null;
}

function field(section: Section, name: string): number {
  const value = optionalField(section, name);
  if (value === null) {
    throw new VacateError(
      'capture',
      `zoneinfo does not say "${name}" of zone ${quoted(section.kind)} of node ${section.node}: ${TAKE_AGAIN}.`,
    );
  }
  return value;
}

/**
 * "protection" has one number for each zone that the kernel was built with, in the order of the node's sections.
 * Kernels that leave empty zones out of the file give fewer sections than numbers; then the usual order of x86-64 holds.
 */
function lowmemReserveOf(section: Section, siblings: readonly string[]): Record<ZoneKind, number> {
  const reserve: Record<ZoneKind, number> = { DMA: 0, DMA32: 0, Normal: 0, Movable: 0 };
  const line = section.lines.find((candidate) => candidate.trim().startsWith('protection:')) ?? '';
  const numbers = (/\(([\d, ]*)\)/.exec(line)?.[1] ?? '').split(',').map(Number);
  const order: readonly string[] = siblings.length === numbers.length ? siblings : ZONE_KINDS;
  for (const kind of ZONE_KINDS) {
    const index = order.indexOf(kind);
    reserve[kind] = (index < 0 ? 0 : numbers[index]) ?? 0;
  }
  return reserve;
}
