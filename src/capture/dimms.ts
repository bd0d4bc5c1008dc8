import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import type { Dimm } from '../mm/memory-block.js';
import { contains, mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import { type BlockId, PAGE_SIZE } from '../mm/units.js';
import { parseSystemRam } from './iomem.js';
import { TAKE_AGAIN } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

const FOUR_GIB_PFN = 2 ** 32 / PAGE_SIZE;

const DEVICE_NAME = /^[\w:.-]{1,64}$/;

export interface DimmSources {
  /** `PNP0C80:NN memoryA memoryB ...`: an ACPI memory device and its blocks, a line each. */
  readonly dimms: string | null;
  readonly iomem: string | null;
  readonly blockPages: number;
  /** False for a block that the machine does not have. */
  readonly hasBlock: (block: BlockId) => boolean;
}

/** Which modules there are: what the firmware says if it was captured, else what the map of memory looks like. */
export function findDimms(sources: DimmSources, zones: readonly PlacedZone[], caveats: string[]): Dimm[] {
  const named = sources.dimms === null ? fromIomem(sources, caveats) : fromDevices(sources.dimms, sources, caveats);
  for (const { name, range } of named) {
    for (let block = range.start / sources.blockPages; block < range.end / sources.blockPages; block++) {
      if (sources.hasBlock(block)) continue;
      const source = sources.dimms === null ? 'iomem' : 'dimms';
      throw new VacateError(
        'capture',
        `${source} puts memory${block} into ${name}, and the machine has no such block: ${TAKE_AGAIN}.`,
      );
    }
  }
  return named.map(({ name, range }) => ({ name, node: nodeOf(name, range, zones, caveats), range }));
}

type NamedRange = Omit<Dimm, 'node'>;

function fromDevices(text: string, { blockPages }: DimmSources, caveats: string[]): NamedRange[] {
  const named: NamedRange[] = [];
  for (const line of text.split('\n')) {
    const [device = '', ...names] = line.trim().split(/\s+/);
    if (device === '') continue;
    const ranges = names.map((name) => {
      const number = /^memory(\d{1,9})$/.exec(name)?.[1];
      if (number === undefined || !DEVICE_NAME.test(device)) {
        throw new VacateError('capture', `dimms says ${quoted(line.trim())}: write "PNP0C80:NN memoryA memoryB ...".`);
      }
      return { start: Number(number) * blockPages, end: (Number(number) + 1) * blockPages };
    });
    const runs = mergeRanges(ranges);
    if (runs.length > 1) caveats.push(`${device} lies in ${runs.length} places; each is treated as a DIMM of its own.`);
    for (const [index, range] of runs.entries()) {
      named.push({ name: index === 0 ? device : `${device}#${index}`, range });
    }
  }
  return named;
}

/** Plugged-in memory lies above 4 GiB in a System RAM resource of its own, a whole number of memory blocks. */
function fromIomem({ iomem, blockPages }: DimmSources, caveats: string[]): NamedRange[] {
  if (iomem === null) {
    caveats.push('The capture has neither dimms nor iomem: which blocks make a DIMM is not known.');
    return [];
  }
  const ram = parseSystemRam(iomem);
  // Without privilege the kernel writes every address of iomem as zero.
  if (ram.every(({ end }) => end <= 1)) {
    caveats.push('iomem shows no address of System RAM: which blocks make a DIMM is not known. Capture it as root.');
    return [];
  }
  const named = ram
    .filter(({ start, end }) => start >= FOUR_GIB_PFN && start % blockPages === 0 && end % blockPages === 0)
    .map((range, index) => ({ name: `dimm${index}`, range }));
  if (named.length > 0) {
    caveats.push(
      'The capture has no dimms file: each run of System RAM in iomem above 4 GiB that fills whole blocks is taken ' +
        'as a DIMM.',
    );
  }
  return named;
}

function nodeOf(name: string, range: PfnRange, zones: readonly PlacedZone[], caveats: string[]): number {
  const zone = zones.find(({ ranges }) => ranges.some((piece) => contains(piece, range.start)));
  if (zone !== undefined) return zone.record.node;
  const nodes = [...new Set(zones.map(({ record }) => record.node))];
  if (nodes.length > 1) caveats.push(`${name} is in no zone, so its node is not known; it is taken as node 0.`);
  return nodes.length === 1 ? (nodes[0] as number) : 0;
}
