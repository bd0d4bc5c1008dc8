import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import type { PageTypeHandler } from '../../../src/handler/page-type-handler.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { FREE_FLAGS, PG_TAIL } from '../../../src/mm/page-flags.js';
import { faultHugePage } from '../../../src/sim/huge-pages.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import {
  anonProcess,
  changed,
  expectSound,
  frameAt,
  framesOf,
  get,
  mapInto,
  PLUGINS,
  put,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
} from '../sim/small-machine.js';

const N = 6;

type Broken = (right: PageTypeHandler) => Partial<PageTypeHandler>;

/** The shipped plugins, of which one does some things differently; the others are as they are. */
function withBroken(broken: Broken, name: string): PageType[] {
  return PLUGINS.map((plugin) =>
    plugin.name !== name
      ? plugin
      : {
          ...plugin,
          create: (pages) => {
            const right = plugin.create(pages);
            const bound: PageTypeHandler = {
              claims: (flags) => right.claims(flags),
              refuses: (page) => right.refuses(page),
              references: (page) => right.references(page),
              isolate: (page) => right.isolate(page),
              migrate: (source, target, mode) => right.migrate(source, target, mode),
              putback: (page) => right.putback(page),
            };
            return { ...bound, ...broken(bound) };
          },
        },
  );
}

function serviceWith(m: Machine, broken: Broken, name = 'anonymous'): MigrationService {
  return new MigrationService(new SimHost(m), withBroken(broken, name), new PageEvents());
}

/** The verb goes well so often, then does something else, once. */
function onceAfter<A extends unknown[], R>(good: number, right: (...args: A) => R, wrong: (...args: A) => R) {
  let calls = 0;
  return (...args: A): R => (calls++ === good ? wrong : right)(...args);
}

const fail = (): never => {
  throw new TypeError('undefined is not a page');
};

function caught(work: () => unknown): VacateError {
  try {
    work();
  } catch (error) {
    if (VacateError.is(error)) return error;
    throw error;
  }
  throw new Error('it went well');
}

const VERBS = ['claims', 'refuses', 'references', 'isolate', 'migrate', 'putback'] as const;

describe.each(VERBS)('a handler that throws in %s', (verb) => {
  // What flags a handler claims is asked once, for pages that look alike.
  it.each(verb === 'claims' ? [0] : [0, 1, N - 1])(
    'at call %i ends the run with its name, and every page is whole',
    (good) => {
      const m = smallMachine({ pages: 1024 });
      const task = anonProcess(m, N);
      const frames = framesOf(m, task, N);
      settle(m);
      const service = serviceWith(m, (right) => ({ [verb]: onceAfter(good, right[verb] as never, fail) }));
      const pfns = Uint32Array.from(frames);
      const error = caught(() => service.migrate({ pfns, mode: MIGRATE_SYNC }));
      expect(error.kind).toBe('plugin');
      expect(error.message).toMatch(
        new RegExp(`^plugin "anonymous" threw in ${verb} of .*\\(undefined is not a page\\); `),
      );
      expect(error.cause).toBeInstanceOf(TypeError);
      expectSound(m);
      for (let page = 0; page < N; page++) expect(get(m, task.mm, task.start + page)).toEqual([7, page]);
      const left = Uint32Array.from(framesOf(m, task, N)).sort();
      expect(service.migrate({ pfns: left, mode: MIGRATE_SYNC })).toMatchObject({ migrated: N, refused: [] });
      expectSound(m);
    },
  );
});

describe('what a verb had done when it threw', () => {
  it('isolate: the page is put back, byte for byte', () => {
    const m = smallMachine({ pages: 1024 });
    const frames = framesOf(m, anonProcess(m, N), N);
    settle(m);
    const before = snapshot(m);
    const service = serviceWith(m, (right) => ({
      isolate: (page) => {
        right.isolate(page);
        return fail();
      },
    }));
    expect(caught(() => service.migrate({ pfns: Uint32Array.from(frames), mode: MIGRATE_SYNC })).kind).toBe('plugin');
    expect(changed(m, before)).toEqual([]);
  });

  it.each(['throws', 'refuses', 'answers undefined'])('migrate, which %s then: the page has moved', (how) => {
    const m = smallMachine({ pages: 1024 });
    const task = anonProcess(m, 1);
    const [pfn] = framesOf(m, task, 1);
    const service = serviceWith(m, (right) => ({
      migrate: (source, target, mode) => {
        right.migrate(source, target, mode);
        if (how === 'throws') fail();
        return how === 'refuses' ? 1 : (undefined as never);
      },
    }));
    const pfns = Uint32Array.of(pfn!);
    const error = caught(() => service.migrate({ pfns, mode: MIGRATE_SYNC }));
    expect(error).toMatchObject({ kind: 'plugin', message: expect.stringContaining('migrate of pfn:0x') });
    expect(frameAt(m, task.mm, task.start)).not.toBe(pfn);
    expect(get(m, task.mm, task.start)).toEqual([7, 0]);
    expectSound(m);
  });

  it('migrate, of a compound page, which it refuses halfway: all of it has moved', () => {
    const m = smallMachine({ pages: 1024 });
    const { mm, start } = anonProcess(m, 1);
    const huge = mapInto(m, mm, 16);
    const vpn = huge.start + (4 - (huge.start % 4));
    faultHugePage(m, 0, mm, vpn, 2);
    for (let page = 0; page < 4; page++) put(m, mm, vpn + page, 9, page);
    const head = frameAt(m, mm, vpn);
    const halfway = (right: PageTypeHandler): Partial<PageTypeHandler> => ({
      migrate: (source, target, mode) => ((m.flags[source]! & PG_TAIL) !== 0 ? 2 : right.migrate(source, target, mode)),
    });
    const service = serviceWith(m, halfway, 'thp');
    const error = caught(() => service.migrate({ pfns: Uint32Array.of(head), mode: MIGRATE_SYNC }));
    expect(error).toMatchObject({ kind: 'plugin', message: expect.stringContaining('must move all or none') });
    const moved = frameAt(m, mm, vpn);
    expect(moved).not.toBe(head);
    for (let page = 0; page < 4; page++) {
      expect(frameAt(m, mm, vpn + page)).toBe(moved + page);
      expect(get(m, mm, vpn + page)).toEqual([9, page]);
    }
    expect(get(m, mm, start)).toEqual([7, 0]);
    expectSound(m);
  });
});

describe('a handler that answers garbage', () => {
  const garbage = [99, -1, Number.NaN, undefined, null, {}, '1', 1.5, Number.POSITIVE_INFINITY];
  const verbs = ['refuses', 'references', 'isolate', 'migrate'] as const;
  it.each(verbs.flatMap((verb) => garbage.map((answer) => [verb, answer] as const)))('%s: %p', (verb, answer) => {
    const m = smallMachine({ pages: 1024 });
    const frames = framesOf(m, anonProcess(m, N), N);
    settle(m);
    const before = snapshot(m);
    // Of references, 99 would be a count: somebody has pinned the page.
    if (verb === 'references' && answer === 99) return;
    const service = serviceWith(m, (right) => ({ [verb]: onceAfter(1, right[verb] as never, () => answer as never) }));
    const error = caught(() => service.migrate({ pfns: Uint32Array.from(frames), mode: MIGRATE_SYNC }));
    expect(error.kind).toBe('plugin');
    expect(error.message).toMatch(new RegExp(`^plugin "anonymous": ${verb} of pfn:0x[0-9a-f]+ answered `));
    if (verb === 'refuses' || verb === 'isolate') expect(changed(m, before)).toEqual([]);
    expectSound(m);
  });

  it('claims: what is neither true nor false, also when only a planner asks', () => {
    const m = smallMachine({ pages: 1024 });
    const [pfn] = framesOf(m, anonProcess(m, 1), 1);
    const service = serviceWith(m, () => ({ claims: () => 1 as never }));
    expect(caught(() => service.judge(pfn!))).toMatchObject({
      kind: 'plugin',
      message: expect.stringMatching(
        /^plugin "anonymous": claims of flags 0x[0-9a-f]+ answered 1, must be true or false$/,
      ),
    });
  });

  it('a count that is another one each time is a pin, and the count is kept', () => {
    const m = smallMachine({ pages: 1024 });
    const frames = framesOf(m, anonProcess(m, N), N);
    settle(m);
    let nr = 0;
    const service = serviceWith(m, () => ({ references: () => nr++ % 3 }));
    const report = service.migrate({ pfns: Uint32Array.from(frames), mode: MIGRATE_SYNC });
    expect(report.migrated + report.refused.reduce((sum, { pages }) => sum + pages, 0)).toBe(N);
    expectSound(m);
  });

  it('shows what it says without anything that a terminal would obey', () => {
    const m = smallMachine({ pages: 1024 });
    const [pfn] = framesOf(m, anonProcess(m, 1), 1);
    const service = serviceWith(m, () => ({
      refuses: () => {
        throw new Error(`\x1b[2J${'x'.repeat(500)}`);
      },
    }));
    const { message } = caught(() => service.judge(pfn!));
    expect(message).not.toContain('\x1b');
    expect(message.length).toBeLessThan(300);
  });
});

describe('a plugin that makes no handler', () => {
  it.each([
    ['throws in create', fail, 'threw in create'],
    ['makes nothing', () => undefined as never, 'its handler has no claims()'],
    ['makes half a handler', () => ({ claims: () => false }) as never, 'its handler has no refuses()'],
  ])('%s', (_how, create, message) => {
    const plugins = [{ ...PLUGINS[2]!, create }];
    const host = new SimHost(smallMachine({ pages: 1024 }));
    const error = caught(() => new MigrationService(host, plugins, new PageEvents()));
    expect(error).toMatchObject({ kind: 'plugin', message: expect.stringContaining(message) });
  });
});

it('the other batches stay counted when one breaks off', () => {
  const m = smallMachine({ pages: 4096 });
  const task = anonProcess(m, 1000);
  const pfns = Uint32Array.from(framesOf(m, task, 1000)).sort();
  settle(m);
  const broken = serviceWith(m, (right) => ({ migrate: onceAfter(700, right.migrate, fail) }));
  expect(caught(() => broken.migrate({ pfns, mode: MIGRATE_SYNC })).kind).toBe('plugin');
  const { totals } = broken.events;
  expect(totals[0]! + totals[1]!).toBe(1000);
  // The first batch, and those of the second that had passed the freeze.
  expect(totals[0]).toBe(700);
  const left = pfns.filter((pfn) => (m.flags[pfn]! & FREE_FLAGS) === 0);
  expect(serviceOf(m).service.migrate({ pfns: left, mode: MIGRATE_SYNC }).migrated).toBeGreaterThanOrEqual(300);
  expectSound(m);
});
