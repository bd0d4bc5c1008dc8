import { alignDown, isPowerOfTwo } from '../base/bits.js';
import { suggestion } from '../base/nearest.js';
import { quoted } from '../base/quoted.js';
import { MAX_PFN, PAGEBLOCK_PAGES } from '../mm/units.js';
import { checkFit } from './check-fit.js';
import { jobProblems } from './check-jobs.js';
import { layoutOf, nodeName } from './layout.js';
import type { Scenario } from './schema.js';
import { sizeText } from './sizes.js';
import { placeNameOf } from './workload-schema.js';

/** A machine of real bytes takes twice its memory: frames and devices. */
const BYTES_PAGES_MAX = 2 ** 18;

/** What the keys of a scenario mean together, and should not; in sentences that begin with the place. */
export function problemsWith(scenario: Scenario): string[] {
  const block = blockProblems(scenario);
  if (block.length > 0) return block;
  const geometry = [...sizeProblems(scenario), ...nodeProblems(scenario), ...nameProblems(scenario)];
  if (geometry.length > 0) return geometry;
  const problems = [...machineProblems(scenario), ...workloadProblems(scenario), ...jobProblems(scenario)];
  return problems.length > 0 ? problems : checkFit(scenario);
}

function blockProblems({ blockSize, dma32 }: Scenario): string[] {
  const dma32Problems = notWhole('dma32', dma32, PAGEBLOCK_PAGES, 'pageblocks');
  if (blockSize >= PAGEBLOCK_PAGES && isPowerOfTwo(blockSize)) return dma32Problems;
  const below = Math.max(PAGEBLOCK_PAGES, 2 ** Math.floor(Math.log2(blockSize)));
  const nearest = blockSize < PAGEBLOCK_PAGES ? sizeText(below) : `${sizeText(below)} and ${sizeText(below * 2)}`;
  const sentence = `blockSize is ${sizeText(blockSize)}, not a power of two from 2MiB up`;
  return [`${sentence}; the nearest ${plural(nearest)} ${nearest}`, ...dma32Problems];
}

function plural(list: string): string {
  return list.includes(' and ') ? 'are' : 'is';
}

/** Complains of a size that is no whole number of units, and names the nearest that are. */
function notWhole(place: string, pages: number, unit: number, units: string): string[] {
  if (pages % unit === 0) return [];
  const below = alignDown(pages, unit);
  const nearest = below === 0 ? sizeText(unit) : `${sizeText(below)} and ${sizeText(below + unit)}`;
  return [
    `${place} is ${sizeText(pages)}, not a whole number of ${units} of ${sizeText(unit)}; ` +
      `the nearest ${plural(nearest)} ${nearest}`,
  ];
}

/** Asked before memory is laid out, block by block. */
function sizeProblems({ nodes }: Scenario): string[] {
  const dimms = nodes.flatMap((node) => node.dimms);
  const total = [...nodes.map(({ boot }) => boot), ...dimms.map(({ size }) => size)].reduce(
    (sum, pages) => sum + pages,
    0,
  );
  return total > MAX_PFN ? [`nodes have ${sizeText(total)} of memory; less than 1TiB can be simulated`] : [];
}

function nodeProblems({ blockSize, nodes, cpus }: Scenario): string[] {
  const problems: string[] = [];
  for (const [id, { boot, dimms }] of nodes.entries()) {
    problems.push(...notWhole(`nodes[${id}].boot`, boot, blockSize, 'memory blocks'));
    for (const [at, dimm] of dimms.entries())
      problems.push(...notWhole(`nodes[${id}].dimms[${at}].size`, dimm.size, blockSize, 'memory blocks'));
    if (id === 0 && boot === 0)
      problems.push('nodes[0].boot is missing; the kernel needs memory that is there at boot');
    else if (boot === 0 && dimms.length === 0)
      problems.push(`nodes[${id}] has no memory; give it boot memory or DIMMs`);
  }
  if (cpus !== undefined && cpus < nodes.length)
    problems.push(`cpus is ${cpus}, fewer than the ${nodes.length} nodes; each node needs one at least`);
  return problems;
}

function nameProblems({ nodes }: Scenario): string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  const claim = (name: string, owner: string): void => {
    const other = owners.get(name);
    if (other !== undefined) problems.push(`${owner} has the name ${quoted(name)}, which ${other} has already`);
    else owners.set(name, owner);
  };
  for (const [id, node] of nodes.entries()) claim(nodeName(node, id), `nodes[${id}]`);
  for (const [id, node] of nodes.entries())
    for (const [at, { name }] of node.dimms.entries()) claim(name, `nodes[${id}].dimms[${at}]`);
  return problems;
}

function machineProblems(scenario: Scenario): string[] {
  const problems: string[] = [];
  const { nrPfns } = layoutOf(scenario);
  if (scenario.contents === 'bytes' && nrPfns > BYTES_PAGES_MAX)
    problems.push(
      `contents is "bytes", but the machine has ${sizeText(nrPfns)}; up to ${sizeText(BYTES_PAGES_MAX)} can hold real ` +
        'bytes, so say "token"',
    );
  if (scenario.watermarks !== undefined) {
    const { min, low = min, high = low } = scenario.watermarks;
    if (low < min || high < low) problems.push('watermarks must ascend: min, low, high');
  }
  return problems;
}

function workloadProblems(scenario: Scenario): string[] {
  const { places } = layoutOf(scenario);
  const problems: string[] = [];
  const nrScattered = scenario.workloads.filter(({ kind }) => kind === 'scattered').length;
  if (nrScattered > 1) problems.push(`workloads have ${nrScattered} of kind scattered; put them into one`);
  for (const [at, workload] of scenario.workloads.entries()) {
    const where = `workloads[${at}]`;
    if (workload.kind === 'anonymous' && workload.sharedByFork > 0 && workload.processes === 1)
      problems.push(`${where}.sharedByFork needs someone to share with; set processes to 2 or more`);
    const on = placeNameOf(workload);
    if (on === undefined) continue;
    const place = places.get(on);
    if (place === undefined)
      problems.push(`${where}.on is ${quoted(on)}, no DIMM or node; ${suggestion(on, [...places.keys()])}`);
    else if (!place.takesKernelPages && (workload.kind === 'slab' || workload.kind === 'registered'))
      problems.push(
        `${where}.on is ${quoted(on)}, which is all zone Movable; ${workload.kind} pages stand in kernel zones only, ` +
          'so name a DIMM with zone: kernel',
      );
  }
  return problems;
}
