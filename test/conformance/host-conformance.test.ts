import { jest } from '@jest/globals';
import { hostConformance, simulatedWorld } from 'vacate/testing';
import { PageEvents } from '../../src/events/page-events.js';
import { CORE_NOT_ON_LRU } from '../../src/handler/refusal.js';
import { KERNEL_ONLY, type KernelOnly } from '../../src/linux/host/host-verbs.js';
import { LinuxHost } from '../../src/linux/host/linux-host.js';
import { LinuxTree } from '../../src/linux/linux-tree.js';
import { MigrationService } from '../../src/migration/migration-service.js';
import { PG_LRU } from '../../src/mm/page-flags.js';
import { machineFromImage } from '../../src/sim/from-image.js';
import { SimHost } from '../../src/sim/sim-host.js';
import { removeTrees } from '../unit/linux/trees.js';
import {
  CAPTURES,
  imageOf,
  imageWorld,
  PAGE_TYPES,
  recordedHost,
  scenarioHost,
  simulatedCapture,
  smallHost,
} from './host-fixtures.js';

/* The same kit over the simulated machine and over real hosts, as trees that were recorded of them. */

/** Other tests share the processors. */
jest.setTimeout(300_000);

afterAll(removeTrees);

const because = (verb: KernelOnly) => KERNEL_ONLY[verb];

/** What a real kernel does itself and offers to nobody. */
const KERNEL_S_OWN = [
  { name: 'what is isolated and let go is as it was', because: because('isolateRange') },
  { name: 'nothing isolated is handed out, or counted as room', because: because('isolateRange') },
  { name: 'draining leaves nothing on per-CPU lists, and loses nothing', because: because('drain') },
  {
    name: 'a target is a free block, aligned, with one reference, and comes back whole',
    because: because('allocateTarget'),
  },
  { name: 'a block that is taken out of buddy and given back leaves no trace', because: because('free.take') },
  { name: 'a lock is taken by one at a time', because: because('lock') },
  { name: 'a count is frozen only at what was expected, and thaws to what is said', because: because('freeze') },
  { name: 'a page that is unmapped and mapped again is as it was', because: because('unmap') },
  { name: 'the reverse map has a VMA for every mapping', because: because('reverseMap') },
  { name: 'a page that moves keeps its mappings, and leaves its place free', because: because('copy') },
  { name: 'a base page does not split, and stays as it is', because: because('split') },
];

describe.each(CAPTURES.map((capture) => [capture] as const))('a Linux host, recorded in %s', (capture) => {
  const open = () => recordedHost(capture);
  for (const { name, run } of hostConformance({ open, pageTypes: PAGE_TYPES, skip: KERNEL_S_OWN })) it(name, run);
});

/** Of an image not even blocks go. */
const ONLY_ASKED = [
  'a block goes off line with all its pages, and no other does',
  'a block that comes back is free, and all states are as before',
  'a block may go and come as often as one likes',
  'a block that is refused is as it was, and so is everything else',
].map((name) => ({ name, because: 'an image is for whoever only asks' }));

describe('the image of a host', () => {
  const open = () => imageWorld(CAPTURES[0]);
  for (const { name, run } of hostConformance({ open, pageTypes: PAGE_TYPES, skip: [...KERNEL_S_OWN, ...ONLY_ASKED] }))
    it(name, run);
});

describe('a small machine', () => {
  for (const { name, run } of hostConformance({ open: smallHost, pageTypes: PAGE_TYPES })) it(name, run);
});

describe('the scenario refusals', () => {
  const open = () => scenarioHost('refusals');
  for (const { name, run } of hostConformance({ open, pageTypes: PAGE_TYPES })) it(name, run);
});

describe('a machine simulated from a capture', () => {
  const open = () => simulatedCapture(CAPTURES[0]);
  for (const { name, run } of hostConformance({ open, pageTypes: PAGE_TYPES })) it(name, run);
});

describe.each(CAPTURES.map((capture) => [capture] as const))('judged over the host of %s', (capture) => {
  it('every page gets the same answer as over its simulated copy', () => {
    const image = imageOf(capture);
    const real = new MigrationService(new LinuxHost(new LinuxTree('/nowhere'), image), PAGE_TYPES, new PageEvents());
    const { host } = simulatedWorld(machineFromImage(image));
    const copy = new MigrationService(host as SimHost, PAGE_TYPES, new PageEvents());
    const nrBy = new Map<number, number>();
    for (let pfn = 0; pfn < image.nrPfns; pfn++) {
      if (host.zoneOf(pfn) < 0) continue;
      const outcome = real.judge(pfn);
      nrBy.set(outcome, (nrBy.get(outcome) ?? 0) + 1);
      // The copy was settled: pages that were on their way to the LRU have arrived there.
      const expected = (image.flags[pfn]! & PG_LRU) === 0 && outcome === CORE_NOT_ON_LRU ? outcome : copy.judge(pfn);
      if (outcome !== expected) expect({ pfn, outcome }).toEqual({ pfn, outcome: expected });
    }
    expect(nrBy.get(0)).toBeGreaterThan(100_000);
    expect(nrBy.size).toBeGreaterThan(3);
  });
});
