import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { FREE_FLAGS, PG_ISOLATED, PG_LOCKED } from '../../../src/mm/page-flags.js';
import type { Pfn } from '../../../src/mm/units.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { expectSound, PLUGINS, serviceOf, settle, smallMachine } from '../sim/small-machine.js';
import { CAST, expectContents, N, type World } from './cast.js';

/** Verbs that a host can fail in, in the order in which a migration comes by them. */
const VERBS = ['allocateTarget', 'lock', 'unmap', 'shootdown', 'freeze', 'unfreeze', 'copy', 'carry', 'remap'] as const;
const GIVING_BACK = ['unlock', 'freeSource'] as const;
type Verb = (typeof VERBS)[number] | (typeof GIVING_BACK)[number];

/** A host whose verb fails from its so-manieth call on, so often. */
function failing(world: World, verb: Verb, at: number, times: number): { host: SimHost; service: MigrationService } {
  const host = new SimHost(world.m);
  const right = (host[verb] as (...args: never[]) => unknown).bind(host);
  let calls = 0;
  Object.assign(host, {
    [verb]: (...args: never[]) => {
      if (++calls > at && calls <= at + times) throw new VacateError('host', 'the machine did not answer; look at it');
      return right(...args);
    },
  });
  return { host, service: new MigrationService(host, PLUGINS, new PageEvents()) };
}

function inHand({ m }: World): Pfn[] {
  return [...m.flags.keys()].filter((pfn) => (m.flags[pfn]! & (PG_ISOLATED | PG_LOCKED)) !== 0);
}

const names = Object.keys(CAST);
const worldOf = (name: string): World => {
  const world = CAST[name]!(smallMachine({ pages: 1024, swap: 64 }));
  settle(world.m);
  return world;
};
const pfnsOf = ({ frames }: World): Uint32Array => Uint32Array.from(frames).sort();

describe.each([...VERBS, ...GIVING_BACK])('a host that fails in %s', (verb) => {
  it.each(names)('once: %s come to rest before the error goes on', (name) => {
    for (let at = 0; at < 2; at++) {
      const world = worldOf(name);
      const { service } = failing(world, verb, at, 1);
      try {
        service.migrate({ pfns: pfnsOf(world), mode: MIGRATE_SYNC });
      } catch (error) {
        expect(error).toMatchObject({ kind: 'host', message: 'the machine did not answer; look at it' });
      }
      expect(inHand(world)).toEqual([]);
      expectSound(world.m);
      expectContents(world);
    }
  });

  it.each(names)('for a while: %s stay in hand, and come to rest when it answers again', (name) => {
    for (let at = 0; at < 2; at++) {
      const world = worldOf(name);
      const { service } = failing(world, verb, at, 2);
      let failed = false;
      try {
        service.migrate({ pfns: pfnsOf(world), mode: MIGRATE_SYNC });
      } catch (error) {
        failed = true;
        expect(VacateError.is(error) && error.kind).toBe('host');
      }
      for (let tries = 0; failed && tries < 3; tries++) {
        try {
          service.recover();
          failed = false;
        } catch (error) {
          expect(VacateError.is(error) && error.kind).toBe('host');
        }
      }
      expect(inHand(world)).toEqual([]);
      expectSound(world.m);
      expectContents(world);
    }
  });
});

it('says that recover() brings to rest what the host did not let come to rest', () => {
  const world = worldOf('file, mapped, dirty, with buffers');
  const { service } = failing(world, 'copy', 0, 2);
  expect(() => service.migrate({ pfns: pfnsOf(world), mode: MIGRATE_SYNC })).toThrow(
    /^a migration failed \(the machine did not answer; look at it\), and so did bringing it to rest .*recover\(\)/,
  );
  expect(inHand(world)).toHaveLength(2 * N);
  expect(service.recover()).toBe(1);
  expect(service.recover()).toBe(0);
  expectSound(world.m);
  expectContents(world);
});

describe('a run whose driver has died', () => {
  const phases = ['isolate', 'target', 'lock', 'unmap', 'shootdown', 'move', 'copy', 'carry', 'remap', 'finish'];

  it.each(phases)('after %s: recover() brings its pages to rest, and others can move them', (phase) => {
    for (const name of names) {
      const world = worldOf(name);
      const { service } = serviceOf(world.m);
      const steps = service.steps({ pfns: pfnsOf(world), mode: MIGRATE_SYNC });
      for (;;) {
        const step = steps.next();
        if (step.done === true || step.value.phase === phase) break;
      }
      expect(service.recover()).toBe(1);
      expect(inHand(world)).toEqual([]);
      expectSound(world.m);
      expectContents(world);
      const left = pfnsOf(world).filter((pfn) => (world.m.flags[pfn]! & FREE_FLAGS) === 0);
      expect(service.migrate({ pfns: left, mode: MIGRATE_SYNC })).toMatchObject({ migrated: left.length, refused: [] });
      expectSound(world.m);
      expectContents(world);
    }
  });

  it('and comes back all the same: it goes on with what is left, and tells what became of each page', () => {
    const world = worldOf('anonymous, one mapping');
    const { service } = serviceOf(world.m);
    const steps = service.steps({ pfns: pfnsOf(world), mode: MIGRATE_SYNC });
    for (let i = 0; i < 4; i++) steps.next();
    service.recover();
    for (;;) {
      const step = steps.next();
      if (step.done !== true) continue;
      expect(step.value).toMatchObject({ asked: N, migrated: 0, refused: [{ reason: 'interrupted', pages: N }] });
      break;
    }
    expectSound(world.m);
    expectContents(world);
  });

  it('leaves those alone that nobody began', () => {
    const world = worldOf('anonymous, one mapping');
    const { service } = serviceOf(world.m);
    service.steps({ pfns: pfnsOf(world), mode: MIGRATE_ASYNC });
    expect(service.recover()).toBe(0);
  });
});

it('waits for the lock of a target that somebody has', () => {
  const world = worldOf('anonymous, one mapping');
  const { host, service } = serviceOf(world.m);
  const taken: Pfn[] = [];
  const allocate = host.allocateTarget.bind(host);
  host.allocateTarget = (order, source, spared) => {
    const pfn = allocate(order, source, spared);
    if (taken.length === 0) {
      taken.push(pfn);
      world.m.flags[pfn] = world.m.flags[pfn]! | PG_LOCKED;
    }
    return pfn;
  };
  const steps = service.steps({ pfns: pfnsOf(world), mode: MIGRATE_SYNC });
  for (let pauses = 0; ; pauses++) {
    const step = steps.next();
    if (step.done === true) {
      expect(step.value).toMatchObject({ migrated: N, refused: [], retried: 1 });
      break;
    }
    // It is still theirs when the others have moved.
    if (step.value.phase === 'relax') world.m.flags[taken[0]!] = world.m.flags[taken[0]!]! & ~PG_LOCKED;
    else if (pauses > 0 && pauses < 10) expect(world.m.flags[taken[0]!]! & PG_LOCKED).not.toBe(0);
  }
  expectSound(world.m);
  expectContents(world);
});
