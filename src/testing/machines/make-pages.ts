import { PG_LRU } from '../../mm/page-flags.js';
import { isPresent, ptePayload } from '../../mm/pte.js';
import { type Pfn } from '../../mm/units.js';
import { ACCESS_OK, readPage, writePage } from '../../sim/access.js';
import { createProcess, mapMemory, VM_WRITE } from '../../sim/address-space.js';
import { type Machine } from '../../sim/machine.js';
import { pteOf } from '../../sim/page-tables.js';
import { type Fixture, type FixturePage, type Provocation } from '../page-types/world.js';

export const CPU = 0;
export const FOR_EVER = Number.POSITIVE_INFINITY;

/** Collects pages under the name of their state. */
export class Pages {
  readonly list: FixturePage[] = [];

  constructor(readonly machine: Machine) {}

  add(state: string, pfn: Pfn): Pfn {
    this.list.push({ state, pfn });
    return pfn;
  }
}

/**
 * The page of a fixture that is in the state of this name.
 *
 * @example
 * const fixture = anonymousFixture();
 * const pfn = pageThatIs('shared by fork', fixture);
 * recordOf(fixture.machine, pfn).mappings.length; // 4
 */
export function pageThatIs(state: string, { pages }: Fixture): Pfn {
  const found = pages.find((page) => page.state === state);
  if (found === undefined) throw new Error(`no page of the fixture is "${state}"`);
  return found.pfn;
}

/** A process with one mapping, and its first virtual page. */
export interface Space {
  readonly mm: number;
  readonly vma: number;
  readonly vpn: number;
}

export function newSpace(m: Machine, nrPages: number, { file = 0, flags = VM_WRITE, offset = 0 } = {}): Space {
  const mm = createProcess(m, CPU);
  const vma = mapMemory(m, mm, { start: -1, nrPages, flags, file, offset });
  return { mm, vma, vpn: m.vmaStart[vma]! };
}

/** The page that a process has at a virtual page. */
export function at(m: Machine, mm: number, vpn: number): Pfn {
  const pte = pteOf(m, mm, vpn);
  if (!isPresent(pte)) throw new Error(`process ${mm} has no page at ${vpn}`);
  return ptePayload(pte);
}

export function mustBeOk(result: number): void {
  if (result !== ACCESS_OK) throw new Error(`an access ended with ${result}`);
}

/** A write through a mapping, of words that nothing else holds; returns the page. */
export function write(m: Machine, mm: number, vpn: number): Pfn {
  mustBeOk(writePage(m, CPU, mm, vpn, mm * 1000 + vpn, vpn));
  return at(m, mm, vpn);
}

export function read(m: Machine, mm: number, vpn: number): Pfn {
  mustBeOk(readPage(m, CPU, mm, vpn, new Uint32Array(2)));
  return at(m, mm, vpn);
}

/** Its owner takes a page off the LRU in the moment in which it is to be isolated. */
export function offLru(m: Machine, pfn: Pfn): Provocation {
  const toggle = (): void => {
    m.flags[pfn] = (m.flags[pfn]! ^ PG_LRU) >>> 0;
  };
  return { pfn, from: 'isolate', provoke: toggle, relieve: toggle };
}
