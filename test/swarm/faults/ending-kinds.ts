import { VacateError } from '../../../src/base/vacate-error.js';
import { MIGRATE_ASYNC } from '../../../src/mm/migrate-mode.js';
import { PG_TAIL } from '../../../src/mm/page-flags.js';
import { allBut, type FaultKind, type Inflicted, type Scene } from './kind.js';
import type { Verb } from './saboteur.js';

/** As a code it is in no table; as a count it would be one. */
const A_COUNT = 99;
/** What handlers have been known to answer. */
const GARBAGE: readonly unknown[] = [
  A_COUNT,
  -1,
  Number.NaN,
  undefined,
  null,
  {},
  '1',
  2 ** 40,
  1.5,
  Number.POSITIVE_INFINITY,
];

/** Phases in which the service calls a verb. */
const CALLED: Readonly<Record<Verb, FaultKind['never'] & object>> = {
  claims: { phases: allBut('isolate', 'target'), because: 'claims is asked when a page is isolated, or was refused' },
  refuses: { phases: allBut('isolate', 'unmap'), because: 'refuses is asked before isolation and before unmap' },
  references: {
    phases: allBut('isolate', 'target', 'move'),
    because: 'references are asked before isolation, before a target, and at the freeze',
  },
  isolate: {
    phases: allBut('isolate'),
    because: 'isolate is called once; for a page that changes hands later, see the unit tests',
  },
  migrate: { phases: allBut('move'), because: 'migrate is called at the freeze only' },
  putback: {
    phases: allBut('finish', 'putback'),
    because: 'putback is called for what has arrived and for what goes back',
  },
};

function sabotage(
  { world, chance, phase }: Scene,
  verb: Verb,
  act: (plugin: string) => unknown,
  { after = false, spares = 0, wants = 0 } = {},
): Inflicted {
  // Where few pages are put back or asked again, the first one is struck.
  const calls = phase === 'putback' || wants !== 0 || (verb === 'claims' && phase === 'target') ? 1 : 6;
  world.plot.sabotage = { verb, left: chance.below(calls), after, act, spares, wants };
  return 'done';
}

function throws(verb: Verb, after: boolean): FaultKind {
  return {
    name: `${verb}-throws${after ? '-when-done' : ''}`,
    never: CALLED[verb],
    sabotages: true,
    ends: 'plugin',
    inflict: (scene) =>
      sabotage(
        scene,
        verb,
        (plugin) => {
          throw new TypeError(`${plugin} is out of its mind`);
        },
        { after },
      ),
  };
}

function answersGarbage(verb: Verb): FaultKind {
  const garbage = GARBAGE.filter((value) => verb !== 'references' || value !== A_COUNT);
  return {
    name: `${verb}-answers-garbage`,
    never: CALLED[verb],
    sabotages: true,
    ends: 'plugin',
    inflict: (scene) => {
      const answer = garbage[scene.chance.below(garbage.length)];
      const after = (verb === 'isolate' || verb === 'migrate') && scene.chance.below(2) === 0;
      return sabotage(scene, verb, () => answer, { after });
    },
  };
}

/** Plugins that break their contract. */
export const PLUGIN_KINDS: readonly FaultKind[] = [
  ...(['claims', 'refuses', 'references', 'isolate', 'migrate', 'putback'] as const).map((verb) => throws(verb, false)),
  ...(['isolate', 'migrate', 'putback'] as const).map((verb) => throws(verb, true)),
  ...(['claims', 'refuses', 'references', 'isolate', 'migrate'] as const).map(answersGarbage),
  {
    name: 'handler-refuses-late',
    never: { phases: allBut('unmap', 'move'), because: 'it is asked before unmap and at the freeze' },
    sabotages: true,
    inflict: (scene) => sabotage(scene, scene.phase === 'move' ? 'migrate' : 'refuses', () => 1, { spares: PG_TAIL }),
  },
  {
    name: 'handler-refuses-halfway',
    never: { phases: allBut('move'), because: 'only the pages of a compound page move one after the other' },
    sabotages: true,
    ends: 'plugin',
    inflict: (scene) => sabotage(scene, 'migrate', () => 1, { wants: PG_TAIL }),
  },
  {
    name: 'references-change-their-mind',
    never: CALLED.references,
    sabotages: true,
    inflict: (scene) => sabotage(scene, 'references', () => 3 + scene.chance.below(4)),
  },
];

/** The machine below fails, and answers again later. */
export const HOST_KINDS: readonly FaultKind[] = [
  {
    name: 'host-verb-fails',
    onlyDuring: true,
    ends: 'host',
    inflict: () => {
      throw new VacateError('host', 'the machine did not answer; look at it');
    },
  },
  {
    name: 'host-is-gone-for-a-while',
    onlyDuring: true,
    ends: 'host',
    inflict: ({ world }) => {
      world.host.hook = () => {
        throw new VacateError('host', 'the machine does not answer any more; look at it');
      };
      throw new VacateError('host', 'the machine did not answer; look at it');
    },
  },
];

/** Whoever drives a run, or runs another one. */
export const DRIVER_KINDS: readonly FaultKind[] = [
  { name: 'driver-returns', onlyAfter: true, ends: 'driver', inflict: () => 'return' },
  { name: 'driver-throws', onlyAfter: true, ends: 'driver', inflict: () => 'throw' },
  { name: 'migrator-dies', onlyAfter: true, ends: 'driver', inflict: () => 'drop' },
  {
    name: 'another-migrator',
    onlyAfter: true,
    inflict: ({ world, chance }) => {
      world.touchedAll = true;
      world.plot.isOn = false;
      const pfns = Uint32Array.from(world.frames.filter(() => chance.below(3) !== 0));
      world.service.migrate({ pfns, mode: MIGRATE_ASYNC, passes: 1 + chance.below(2) });
      return 'done';
    },
  },
];

function listens(scene: Scene, listener: () => void): Inflicted {
  const subscription = scene.world.service.events.batches$.subscribe(() => {
    subscription.unsubscribe();
    listener();
  });
  // Listeners are told when a batch is done with: here, or as it would have been, or because its driver stops.
  return scene.phase === 'putback' ? 'done' : 'return';
}

/** Whoever listens. */
export const LISTENER_KINDS: readonly FaultKind[] = [
  {
    name: 'listener-throws',
    onlyAfter: true,
    listens: true,
    ends: 'driver',
    inflict: (scene) =>
      listens(scene, () => {
        throw new Error('a listener fell over');
      }),
  },
  {
    name: 'listener-migrates',
    onlyAfter: true,
    listens: true,
    ends: 'driver',
    inflict: (scene) =>
      listens(scene, () => {
        const { service, frames } = scene.world;
        try {
          service.migrate({ pfns: Uint32Array.from(frames), mode: MIGRATE_ASYNC });
        } catch (error) {
          if (VacateError.is(error) && error.kind === 'usage') return;
        }
        // Too late for anybody to hear it: the run must see that a listener did what it must not.
        scene.world.plot.caught = 'a listener that was let migrate';
      }),
  },
  {
    name: 'listener-leaves',
    onlyAfter: true,
    listens: true,
    ends: 'driver',
    inflict: (scene) => listens(scene, () => {}),
  },
];
