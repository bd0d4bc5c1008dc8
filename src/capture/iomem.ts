import { PAGE_SIZE } from '../mm/units.js';

/** A "System RAM" line of /proc/iomem, `end` exclusive, in pages. */
export interface SystemRam {
  readonly start: number;
  readonly end: number;
}

/** Of what lies within other ranges, only what a driver has added is memory of its own. */
const SYSTEM_RAM = /^(?! .*RAM$) *([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM(?: \(\w{1,30}\))?$/;

/**
 * Ends may lie within a page: the line that holds the first page ends where the firmware's data begins. Memory that a
 * driver has added lies within the device's own range, "System RAM (kmem)".
 */
export function parseSystemRam(text: string): SystemRam[] {
  const ranges: SystemRam[] = [];
  for (const line of text.split('\n')) {
    const match = SYSTEM_RAM.exec(line.trimEnd());
    if (match === null) continue;
    const start = Number.parseInt(match[1] as string, 16) / PAGE_SIZE;
    const end = (Number.parseInt(match[2] as string, 16) + 1) / PAGE_SIZE;
    ranges.push({ start, end });
  }
  return ranges;
}
