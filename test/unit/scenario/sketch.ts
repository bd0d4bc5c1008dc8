import { VacateError } from '../../../src/base/vacate-error.js';
import { FREE_FLAGS, PG_NOPAGE } from '../../../src/mm/page-flags.js';
import type { PfnRange } from '../../../src/mm/pfn-range.js';
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import type { Machine } from '../../../src/sim/machine.js';

/** A small machine with a kernel DIMM and a movable one, and two nodes to choose from. */
export const SMALL = `
name: small
cpus: 2
blockSize: 4MiB
dma32: 4MiB
swap: 16MiB
nodes:
  - boot: 16MiB
    dimms:
      - { name: slow, size: 8MiB, zone: kernel }
      - { name: fast, size: 16MiB, zone: movable }
  - { name: far, boot: 8MiB }
`;

/** The small machine with workloads, one a line: "kind: slab, size: 1MiB". */
export function small(...workloads: string[]): string {
  return `${SMALL}workloads:\n${workloads.map((workload) => `  - { ${workload} }\n`).join('')}`;
}

export function build(text: string, seed?: number): Machine {
  return machineFromScenario(parseScenario(text, 'test.yaml'), seed === undefined ? {} : { seed });
}

/** What parsing says about a text, a line each; fails if it says nothing. */
export function complaints(text: string): string[] {
  return messageOf(() => parseScenario(text, 'test.yaml')).split('\n');
}

export function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (VacateError.is(error) && error.kind === 'scenario') return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

/** Pages in use whose flags have all of `set`. */
export function pagesWith(m: Machine, set: number, range: PfnRange = { start: 0, end: m.spec.nrPfns }): number[] {
  const pfns: number[] = [];
  for (let pfn = range.start; pfn < range.end; pfn++) {
    const flags = m.flags[pfn] as number;
    if ((flags & (FREE_FLAGS | PG_NOPAGE)) === 0 && (flags & set) >>> 0 === set >>> 0) pfns.push(pfn);
  }
  return pfns;
}

export function rangeOfDimm(m: Machine, name: string): PfnRange {
  return m.spec.dimms.find((dimm) => dimm.name === name)?.range ?? { start: 0, end: 0 };
}
