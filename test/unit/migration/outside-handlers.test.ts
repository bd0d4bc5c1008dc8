import { createContext, Script } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import type { PageTypeHandler } from '../../../src/handler/page-type-handler.js';
import type { PageView } from '../../../src/handler/page-view.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { OutOfTime, type TimeLimit } from '../../../src/migration/time-limit.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { PG_BUDDY, PG_LRU } from '../../../src/mm/page-flags.js';
import { createFile } from '../../../src/sim/files.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import {
  anonProcess,
  changed,
  expectSound,
  fileProcess,
  framesOf,
  get,
  PLUGINS,
  settle,
  smallMachine,
  snapshot,
} from '../sim/small-machine.js';

const N = 6;

/**
 * A time limit without a clock: work is broken off when a handler says that it loops, by the signal that V8 breaks off
 * for, and time is up from when a handler says so. What the real one adds is when.
 */
class AtOnce implements TimeLimit {
  readonly limitMs = 100;
  isUp = false;
  readonly #context = createContext({ work: null });
  readonly #script = new Script('work()');

  run<T>(work: () => T): T {
    this.isUp = false;
    this.#context.work = work;
    try {
      return this.#script.runInContext(this.#context, { breakOnSigint: true }) as T;
    } catch (error) {
      throw (error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' ? new OutOfTime() : error;
    }
  }

  isOver(): boolean {
    return this.isUp;
  }
}

const forEver = (): never => {
  process.kill(process.pid, 'SIGINT');
  for (;;);
};

type Spoil = (right: PageTypeHandler, pages: PageView) => Partial<PageTypeHandler>;

/** The shipped page types, of which "anonymous" comes from outside and does some things differently. */
function withSpoilt(spoil: Spoil): PageType[] {
  return PLUGINS.map((plugin) => {
    if (plugin.name !== 'anonymous') return plugin;
    return {
      ...plugin,
      create: (pages: PageView) => {
        const right = plugin.create(pages);
        const bound: PageTypeHandler = {
          claims: (flags) => right.claims(flags),
          refuses: (page) => right.refuses(page),
          references: (page) => right.references(page),
          isolate: (page) => right.isolate(page),
          migrate: (source, target, mode) => right.migrate(source, target, mode),
          putback: (page) => right.putback(page),
        };
        return { ...bound, ...spoil(bound, pages) };
      },
    };
  });
}

function serviceFor(m: Machine, plugins: readonly PageType[], limit = new AtOnce()): MigrationService {
  const outside = { plugins: new Set(plugins.filter((plugin) => !PLUGINS.includes(plugin))), limit };
  return new MigrationService(new SimHost(m), plugins, new PageEvents(), 'phase', outside);
}

function serviceWith(m: Machine, spoil: Spoil, limit = new AtOnce()): MigrationService {
  return serviceFor(m, withSpoilt(spoil), limit);
}

/** A machine with a process, its frames, and what they must hold for ever. */
function world() {
  const m = smallMachine({ pages: 1024 });
  const task = anonProcess(m, N);
  settle(m);
  return { m, task, frames: Uint32Array.from(framesOf(m, task, N)).sort() };
}

type World = ReturnType<typeof world>;

function expectWhole({ m, task }: World): void {
  expectSound(m);
  for (let page = 0; page < N; page++) expect(get(m, task.mm, task.start + page)).toEqual([7, page]);
}

function caught(work: () => unknown): VacateError {
  try {
    work();
  } catch (error) {
    if (VacateError.is(error)) return error;
    throw error;
  }
  throw new Error('it went well');
}

/** The verb goes well so often, then does something else, once. */
function onceAfter<A extends unknown[], R>(good: number, right: (...args: A) => R, wrong: (...args: A) => R) {
  let calls = 0;
  return (...args: A): R => (calls++ === good ? wrong : right)(...args);
}

const move = (service: MigrationService, pfns: Uint32Array) => service.migrate({ pfns, mode: MIGRATE_SYNC });

describe.each(['refuses', 'references', 'isolate', 'migrate', 'putback'] as const)(
  'a handler that loops in %s',
  (verb) => {
    it.each([0, N - 1])('at call %i is stopped and named, and every page is whole', (good) => {
      const w = world();
      const service = serviceWith(w.m, (right) => ({ [verb]: onceAfter(good, right[verb] as never, forEver) }));
      const error = caught(() => move(service, w.frames));
      expect(error).toMatchObject({
        kind: 'plugin',
        message: expect.stringMatching(
          new RegExp(`^plugin "anonymous" took longer than 100 ms and was stopped in ${verb} of pfn:0x[0-9a-f]+; `),
        ),
      });
      expectWhole(w);
      // It is not asked again, so that the next run waits for nobody.
      expect(caught(() => move(service, Uint32Array.from(framesOf(w.m, w.task, N)).sort())).message).toBe(
        error.message,
      );
      expectWhole(w);
    });
  },
);

describe('a handler that loops', () => {
  it.each([
    ['isolate, after it has taken the page', 'isolate'],
    ['migrate, after it has re-pointed the slot', 'migrate'],
    ['putback, after it has put the page back', 'putback'],
  ] as const)('in %s: the verb is undone, or done to its end', (_when, verb) => {
    const w = world();
    const service = serviceWith(w.m, (right) => ({
      [verb]: (...args: [number, number, 0]) => {
        (right[verb] as (...args: unknown[]) => unknown)(...args);
        return forEver();
      },
    }));
    expect(caught(() => move(service, w.frames)).message).toContain(`stopped in ${verb} of pfn:`);
    expectWhole(w);
  });

  it('over what it may do to its page is stopped between two steps', () => {
    const w = world();
    const limit = new AtOnce();
    const looping: Spoil = (_right, pages) => ({
      isolate: (page) => {
        for (let turn = 0; ; turn++) {
          limit.isUp = turn === 1000;
          if (pages.isolateFromLru(page, 1) === 0) pages.putbackToLru(page);
        }
      },
    });
    const service = serviceWith(w.m, looping, limit);
    const before = snapshot(w.m);
    expect(caught(() => move(service, w.frames)).message).toContain(
      'took longer than 100 ms and was stopped in isolate',
    );
    expect(changed(w.m, before)).toEqual([]);
  });

  it('and swallows what it is told is stopped all the same', () => {
    const w = world();
    const limit = new AtOnce();
    const looping: Spoil = (_right, pages) => ({
      putback: (page) => {
        for (let turn = 0; ; turn++)
          try {
            limit.isUp = true;
            pages.putbackToLru(page);
            pages.isolateFromLru(page, 1);
          } catch {
            if (turn === 1000) forEver();
          }
      },
    });
    const service = serviceWith(w.m, looping, limit);
    expect(caught(() => move(service, w.frames)).message).toContain('stopped in putback of pfn:');
    expectWhole(w);
  });

  it('in claims is named by the flags, before anything moves', () => {
    const w = world();
    const error = caught(() => serviceWith(w.m, () => ({ claims: forEver })));
    expect(error.message).toMatch(
      /^plugin "anonymous" took longer than 100 ms and was stopped in claims of flags 0x400; /,
    );
  });

  it('in create is named', () => {
    const plugins = [{ ...PLUGINS[0]!, create: forEver }];
    const { m } = world();
    expect(caught(() => serviceFor(m, plugins)).message).toContain('was stopped in create; ');
  });

  it('when only a planner asks is named, and nothing has changed', () => {
    const w = world();
    const service = serviceWith(w.m, () => ({ refuses: forEver }));
    const before = snapshot(w.m);
    expect(caught(() => service.judge(w.frames[0]!)).message).toContain('was stopped in refuses of ');
    expect(changed(w.m, before)).toEqual([]);
  });

  it('beside a second one that does: both are dismissed, and every page is whole', () => {
    const m = smallMachine({ pages: 1024 });
    const task = anonProcess(m, N);
    const file = fileProcess(m, createFile(m, N), N);
    for (let page = 0; page < N; page++) get(m, file.mm, file.start + page);
    settle(m);
    const looping = withSpoilt((right) => ({ migrate: onceAfter(1, right.migrate, forEver), putback: forEver })).map(
      (plugin) => {
        if (plugin.name !== 'file-backed') return plugin;
        const create = (pages: PageView): PageTypeHandler => {
          const right = plugin.create(pages);
          return {
            claims: (flags) => right.claims(flags),
            refuses: (page) => right.refuses(page),
            references: (page) => right.references(page),
            isolate: (page) => right.isolate(page),
            migrate: (source, target, mode) => right.migrate(source, target, mode),
            putback: forEver,
          };
        };
        return { ...plugin, create };
      },
    );
    const service = serviceFor(m, looping);
    const frames = Uint32Array.from([...framesOf(m, task, N), ...framesOf(m, file, N)]).sort();
    expect(caught(() => move(service, frames)).message).toContain('plugin "anonymous" took longer');
    expect(service.recover()).toBe(0);
    expectWhole({ m, task, frames });
  });

  it('leaves the pages of others what they had come to', () => {
    const m = smallMachine({ pages: 1024 });
    const task = anonProcess(m, N);
    const file = fileProcess(m, createFile(m, N), N);
    for (let page = 0; page < N; page++) get(m, file.mm, file.start + page);
    settle(m);
    const service = serviceWith(m, () => ({ migrate: forEver }));
    const theirs = Uint32Array.from(framesOf(m, file, N)).sort();
    expect(move(service, theirs)).toMatchObject({ migrated: N, refused: [] });
    expect(caught(() => move(service, Uint32Array.from(framesOf(m, task, N)).sort())).kind).toBe('plugin');
    const now = Uint32Array.from(framesOf(m, file, N)).sort();
    expect(now).not.toEqual(theirs);
    expect(move(service, now)).toMatchObject({ migrated: N, refused: [] });
    expectWhole({ m, task, frames: now });
  });
});

describe('a handler that claims what is nobody’s', () => {
  it.each([
    ['everything', () => true, 'claims free pages (flags buddy)'],
    ['kernel memory', (flags: number) => flags === 0, 'claims kernel memory (flags -)'],
    ['reserved pages', (flags: number) => flags >>> 27 === 1, 'claims reserved pages (flags reserved)'],
  ])('%s is refused by name when it is loaded', (_what, claims, message) => {
    const { m } = world();
    const error = caught(() => serviceWith(m, () => ({ claims })));
    expect(error).toMatchObject({ kind: 'plugin', message: expect.stringContaining(`plugin "anonymous" ${message}`) });
  });

  it('is not asked about such pages, whatever else they are', () => {
    const { m } = world();
    const claims = (flags: number) => (flags & PG_LRU) !== 0;
    const { handlers } = serviceWith(m, () => ({ claims }));
    expect(handlers.names[handlers.handlerFor(PG_LRU)]).toBe('anonymous');
    expect(handlers.names[handlers.handlerFor(PG_LRU | PG_BUDDY)]).not.toBe('anonymous');
  });
});

describe('a handler that changes pages when it may only look', () => {
  const takes = (pages: PageView, page: number) => pages.isolateFromLru(page, 1);
  it.each(['claims', 'refuses', 'references'] as const)('in %s is named, and nothing has changed', (verb) => {
    const w = world();
    const page = w.frames[0]!;
    const before = snapshot(w.m);
    const error = caught(() => {
      const service = serviceWith(w.m, (_right, pages) => ({ [verb]: () => takes(pages, page) as never }));
      move(service, w.frames);
    });
    expect(error).toMatchObject({
      kind: 'plugin',
      message: expect.stringMatching(
        new RegExp(
          `^plugin "anonymous" called isolateFromLru of pfn:0x[0-9a-f]+ in ${verb} of .*; there it may only look`,
        ),
      ),
    });
    expect(changed(w.m, before)).toEqual([]);
  });

  it('is named though it swallows what it is told', () => {
    const w = world();
    const service = serviceWith(w.m, (right, pages) => ({
      refuses: (page) => {
        try {
          takes(pages, page);
        } catch {}
        return right.refuses(page);
      },
    }));
    expect(caught(() => service.judge(w.frames[0]!)).message).toContain('in refuses of pfn:');
  });

  it('of somebody else is named, in whatever verb', () => {
    const w = world();
    const [other, page] = w.frames as unknown as [number, number];
    const before = snapshot(w.m);
    const service = serviceWith(w.m, (_right, pages) => ({ isolate: () => takes(pages, other) }));
    expect(caught(() => move(service, Uint32Array.of(page))).message).toContain(
      'it may change no page but the one it is called for',
    );
    expect(changed(w.m, before)).toEqual([]);
  });

  it('while nobody calls it changes nothing, and is told at the next call', () => {
    const w = world();
    let stale: PageView | null = null;
    const service = serviceWith(w.m, (_right, pages) => {
      stale = pages;
      return {};
    });
    const before = snapshot(w.m);
    expect(takes(stale as unknown as PageView, w.frames[0]!)).toBe(1);
    expect(changed(w.m, before)).toEqual([]);
    expect(caught(() => move(service, w.frames)).message).toContain('while nobody was calling it');
    expectWhole(w);
    expect(move(service, w.frames)).toMatchObject({ migrated: N });
  });
});

it('work that is broken off while no handler is called says that the machine is spoilt', () => {
  const { m } = world();
  const service = serviceWith(m, () => ({}));
  expect(caught(() => service.looking(forEver))).toMatchObject({
    kind: 'host',
    message: expect.stringMatching(/^this process stood still for more than 100 ms in the middle of a step/),
  });
});
