import { parseZoneinfo } from '../capture/zoneinfo.js';
import type { MachineImage } from '../mm/machine-image.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { PAGE_SIZE } from '../mm/units.js';
import type { ZoneShape } from '../mm/zone.js';

/** Lists are filled and emptied by batches; so many on each CPU may have come and gone since the flags were read. */
const BATCHES = 2;

/** Texts of a capture or of a host, by the names that a capture directory has; null for one that is not there. */
export interface KernelTexts {
  /** The text of that name, whole. */
  text(name: string): string | null;
}

/**
 * What a real kernel said of itself beyond its page flags, as far as a forecast needs it. Null for what it did not say:
 * that is then not known, never guessed.
 */
export interface KernelSaid {
  readonly image: MachineImage;
  /** Pages pinned through pin_user_pages (DMA, O_DIRECT, RDMA) and not let go of yet, in all of the machine. */
  readonly nrPinned: number | null;
  /** Pages that reclaim has looked at since the machine started. Until it has, only explicit use marks a page as referenced. */
  readonly nrScanned: number | null;
  /** Huge pages of the pool that are promised to mappings which have not touched them. */
  readonly nrHugeReserved: number | null;
  /** True if memory that is plugged in may hold its own memory map (memory_hotplug.memmap_on_memory). */
  readonly hasMemmapOnMemory: boolean | null;
  /** What is System RAM, whole pages; null without iomem, or if it was read without rights and has no addresses. */
  readonly systemRam: readonly PfnRange[] | null;
  /** What a zone has that may carry no flag; null if it is not known. */
  unmarkedIn(zone: Pick<ZoneShape, 'node' | 'kind'>): Unmarked | null;
}

/** Pages without a flag that are no obstacle, as /proc/zoneinfo counts them in a zone. */
export interface Unmarked {
  /** Free pages on per-CPU lists, and so many more or less a moment later. */
  readonly onLists: number;
  readonly churn: number;
  /** Pages of zsmalloc: since Linux 6.11 all but the first of each zspage carry no flag. They move. */
  readonly zspages: number;
}

/**
 * Reads the texts once; a text that is not as expected says nothing.
 *
 * @example
 * const files: KernelTexts = new CaptureFiles('captures/host7');
 * const said: KernelSaid = kernelSaid(readCapture('captures/host7'), files);
 * console.log(`${said.nrPinned ?? 'an unknown number of'} pages are pinned`);
 */
export function kernelSaid(image: MachineImage, texts: KernelTexts): KernelSaid {
  const counters = countersOf(texts.text('vmstat') ?? '');
  const acquired = counters.get('nr_foll_pin_acquired');
  const released = counters.get('nr_foll_pin_released');
  return {
    image,
    nrPinned: acquired === undefined || released === undefined ? null : Math.max(0, acquired - released),
    nrScanned: sumOf(counters, ['pgscan_kswapd', 'pgscan_direct', 'pgscan_khugepaged', 'pgscan_proactive']),
    nrHugeReserved: numberOf(/^HugePages_Rsvd:\s+(\d+)$/m.exec(texts.text('meminfo') ?? '')),
    hasMemmapOnMemory: memmapOnMemory(texts.text('settings') ?? ''),
    systemRam: systemRamOf(texts.text('iomem') ?? ''),
    unmarkedIn: unmarkedOf(texts.text('zoneinfo')),
  };
}

function unmarkedOf(zoneinfo: string | null): KernelSaid['unmarkedIn'] {
  const zones = zoneinfo === null ? [] : parseZoneinfo(zoneinfo).zones;
  return ({ node, kind }) => {
    const counters = zones.find((zone) => zone.node === node && zone.kind === kind)?.counters ?? null;
    if (counters === null) return null;
    const batches = counters.pagesets.reduce((sum, { batch }) => sum + batch, 0);
    return { onLists: counters.nrPcp, churn: BATCHES * batches, zspages: counters.nrZspages };
  };
}

function numberOf(match: RegExpExecArray | null): number | null {
  return match === null ? null : Number(match[1]);
}

/** Settings are a line each, "path value"; this one is Y, N or force. */
function memmapOnMemory(settings: string): boolean | null {
  const [, value] = /^\/sys\/module\/memory_hotplug\/parameters\/memmap_on_memory (\w+)/m.exec(settings) ?? [];
  return value === undefined ? null : !/^[Nn0]/.test(value);
}

/** /proc/vmstat: a name and a number on each line. */
function countersOf(text: string): Map<string, number> {
  const counters = new Map<string, number>();
  for (const [, name = '', value = ''] of text.matchAll(/^(\w+) (\d+)$/gm)) counters.set(name, Number(value));
  return counters;
}

/** The counters that this kernel has, added up; null if it has none of them. */
function sumOf(counters: ReadonlyMap<string, number>, names: readonly string[]): number | null {
  const known = names.flatMap((name) => counters.get(name) ?? []);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/**
 * /proc/iomem: "START-END : NAME" in bytes, END included; indented what lies inside of something else, as memory that a
 * driver adds does (kmem, virtio_mem). Whoever reads the file without CAP_SYS_ADMIN gets zeros for all addresses.
 */
function systemRamOf(text: string): PfnRange[] | null {
  const ranges: PfnRange[] = [];
  for (const [, start = '', end = ''] of text.matchAll(/^ *([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM\b.*$/gm)) {
    const first = Math.ceil(Number.parseInt(start, 16) / PAGE_SIZE);
    const past = Math.floor((Number.parseInt(end, 16) + 1) / PAGE_SIZE);
    if (past > first) ranges.push({ start: first, end: past });
  }
  return ranges.length === 0 ? null : ranges;
}
