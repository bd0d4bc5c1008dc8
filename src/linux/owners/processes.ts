import { printable } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { LinuxTree } from '../linux-tree.js';
import type { VirtualRange } from './pagemap.js';

/** Longer texts of /proc are cut: names are 16 bytes, paths 4096. */
const TEXT_MAX = 4096;
/** What can be computed with exactly; addresses above belong to the kernel. */
const ADDRESS_MAX = Number.MAX_SAFE_INTEGER;

/** A line of /proc/PID/maps. */
export interface Mapping extends VirtualRange {
  /** A file's path, "[heap]", "[stack]", or "[anon]". */
  readonly name: string;
}

/** Ids of the processes that there are, ascending; none if there is no /proc. */
export function listProcesses(tree: LinuxTree): number[] {
  const names = tree.list('/proc') ?? [];
  return names.flatMap((name) => (/^[1-9]\d{0,9}$/.test(name) ? [Number(name)] : [])).sort((a, b) => a - b);
}

/** Its name, or null if it has ended. */
export function commandOf(tree: LinuxTree, pid: number): string | null {
  return oneLine(textOf(tree, pid, 'comm'));
}

/** Its memory cgroup: of the one hierarchy of version 2, or of that which has memory in version 1. */
export function cgroupOf(tree: LinuxTree, pid: number): string | null {
  const lines = (textOf(tree, pid, 'cgroup') ?? '').split('\n');
  const memory = lines.find((line) => /^\d+:([\w=]+,)*memory(,[\w=]+)*:\//.test(line));
  const path = memory ?? lines.find((line) => line.startsWith('0::/'));
  return path === undefined ? null : oneLine(path.slice(path.indexOf(':', path.indexOf(':') + 1) + 1));
}

/** What it has mapped, by address; null if it has ended, empty for a thread of the kernel's. */
export function mappingsOf(tree: LinuxTree, pid: number, pageBytes: number): Mapping[] | null {
  const text = textOf(tree, pid, 'maps');
  if (text === null) return null;
  const mappings: Mapping[] = [];
  for (const line of text.split('\n')) {
    const [, from = '', to = '', name = ''] = MAPS_LINE.exec(line) ?? [];
    const start = Number.parseInt(from, 16);
    const end = Number.parseInt(to, 16);
    if (!(start < end && end <= ADDRESS_MAX)) continue;
    const firstPage = Math.floor(start / pageBytes);
    mappings.push({ firstPage, nrPages: Math.floor(end / pageBytes) - firstPage, name: oneLine(name) ?? '[anon]' });
  }
  return mappings;
}

/**
 * start-end permissions offset device inode, spaces, and a name unless it is anonymous. The kernel escapes line ends in
 * names, but not what else an expression takes for one: hence lines are split first.
 */
const MAPS_LINE = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) \S+ \S+ \S+ \d+ *(.*)$/s;
const SMAPS_LINE = /^(?:([0-9a-f]{1,16})-[0-9a-f]{1,16} |Rss: +(\d{1,12}) kB$)/;

/** Pages in memory of each mapping, by its first page, as /proc/PID/smaps counts them; null if the process has ended. */
export function residentPages(tree: LinuxTree, pid: number, pageBytes: number): Map<number, number> | null {
  const text = textOf(tree, pid, 'smaps');
  if (text === null) return null;
  const resident = new Map<number, number>();
  let firstPage = -1;
  for (const line of text.split('\n')) {
    const [, from, rssKiB] = SMAPS_LINE.exec(line) ?? [];
    if (from !== undefined) firstPage = Math.floor(Number.parseInt(from, 16) / pageBytes);
    else if (rssKiB !== undefined) resident.set(firstPage, (Number(rssKiB) * 1024) / pageBytes);
  }
  return resident;
}

/** Processes end, and some may not be looked at: neither is an error here. */
function textOf(tree: LinuxTree, pid: number, name: string): string | null {
  try {
    return tree.text(`/proc/${pid}/${name}`);
  } catch (cause) {
    if (VacateError.is(cause)) return null;
    throw cause;
  }
}

function oneLine(text: string | null): string | null {
  const line = printable((text ?? '').replace(/\n$/, '').slice(0, TEXT_MAX));
  return line === '' ? null : line;
}
