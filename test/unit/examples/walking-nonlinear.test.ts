import { nonlinearFixture, nonlinearPages, openWorld, pageThatIs, pageTypeConformance, runWith } from 'vacate/testing';
import { walkingNonlinear } from '../../../examples/nonlinear-handler/walking-nonlinear.js';
import nonlinear from '../../../plugins/nonlinear/index.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { PageTypeHandler } from '../../../src/handler/page-type-handler.js';
import type { PageView } from '../../../src/handler/page-view.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { PG_DIRTY, PG_MLOCKED } from '../../../src/mm/page-flags.js';
import { exitProcess, forkProcess, setLocked, VM_NONLINEAR } from '../../../src/sim/address-space.js';
import type { Machine } from '../../../src/sim/machine.js';
import { endWritebackMark, findInCache, markWriteback } from '../../../src/sim/page-cache.js';
import { SimHost } from '../../../src/sim/sim-host.js';

/* The example that moves what the shipped handler refuses has to pass what every handler has to pass. */

const walked = { entries: 0 };
const plugin = walkingNonlinear(walked);
const ELSEWHERE = 'mapped elsewhere than reverse mapping looks';

describe('walking-nonlinear', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...nonlinearPages(), operations: 2000 })) it(name, run);

  it('replaces the shipped one if it is listed before it', () => {
    const { machine, pages } = nonlinearFixture();
    const { handlers } = new MigrationService(new SimHost(machine), [plugin, nonlinear], new PageEvents());
    for (const { pfn } of pages) expect(handlers.names[handlers.handlerFor(machine.flags[pfn]!)]).toBe(plugin.name);
  });

  it('looks at every entry of every nonlinear VMA twice for each page, and at no linear one', () => {
    const world = openWorld(plugin, nonlinearFixture());
    walked.entries = 0;
    const pfns = Uint32Array.from(world.pages, ({ pfn }) => pfn).sort();
    expect(world.service.migrate({ pfns, mode: MIGRATE_SYNC })).toMatchObject({ migrated: 5, refused: [] });
    // One process and its child map eight pages nonlinearly.
    expect(walked.entries).toBe(5 * 2 * (8 + 8));
  });

  it('finds the entries of a child that was forked while the page was on its way', () => {
    const world = openWorld(plugin, nonlinearFixture());
    const { machine, host } = world;
    const pfn = pageThatIs(ELSEWHERE, world);
    const mapcount = machine.mapcount[pfn]!;
    const report = runWith(world, [pfn], 'copy', () => void forkProcess(machine, 1, nonlinearProcess(machine)));
    expect(machine.mapcount[report.targets[0]!]).toBe(mapcount + 1);
    expect(host.validate()).toEqual([]);
  });

  it('has a write noted whose process ends while the page is between its places', () => {
    const world = openWorld(plugin, nonlinearFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('dirty, with buffers, and mapped twice by one process', world);
    const index = machine.index[pfn]!;
    // Written back: now only the entry knows of later writes.
    markWriteback(machine, pfn);
    endWritebackMark(machine, pfn);
    runWith(world, [pfn], 'move', () => {
      for (let mm = 1; mm < machine.mmAlive.length; mm++) if (machine.mmAlive[mm] !== 0) exitProcess(machine, 1, mm);
    });
    expect(host.validate()).toEqual([]);
    expect(machine.flags[findInCache(machine, index)]! & PG_DIRTY).not.toBe(0);
  });

  it('leaves a page locked in memory whose VMA was locked meanwhile', () => {
    const world = openWorld(plugin, nonlinearFixture());
    const { machine } = world;
    const pfn = pageThatIs(ELSEWHERE, world);
    const vma = machine.mmVmas[nonlinearProcess(machine)]!;
    const report = runWith(world, [pfn], 'unmap', () => setLocked(machine, vma, true));
    expect(machine.flags[report.targets[0]!]! & PG_MLOCKED).not.toBe(0);
  });

  it('has what it did undone by the service if it breaks off', () => {
    for (const verb of ['unmap', 'remap'] as const) {
      const fixture = nonlinearFixture();
      const { machine } = fixture;
      const pfn = pageThatIs(ELSEWHERE, fixture);
      const host = new SimHost(machine);
      const service = new MigrationService(host, [{ ...plugin, create: breakingOff(verb) }], new PageEvents());
      const migrate = () => service.migrate({ pfns: Uint32Array.of(pfn), mode: MIGRATE_SYNC });
      expect(migrate).toThrow(`plugin "walking-nonlinear" threw in ${verb} of pfn:0x`);
      expect(host.validate()).toEqual([]);
    }
  });
});

function nonlinearProcess(m: Machine): number {
  return m.vmaMm[m.vmaFlags.findIndex((flags) => (flags & VM_NONLINEAR) !== 0)]!;
}

/** Handlers that throw when they have done a part of their work. */
function breakingOff(verb: 'unmap' | 'remap'): (pages: PageView) => PageTypeHandler {
  return (pages) => {
    const right = plugin.create(pages);
    let left = 3;
    const entries = new Proxy(pages.entries!, {
      get: (target, key) => {
        const member = Reflect.get(target, key, target) as (...given: unknown[]) => unknown;
        return (...given: unknown[]) => {
          if (key === verb && left-- === 0) throw new TypeError('enough of this');
          return member.apply(target, given);
        };
      },
    });
    const tired = plugin.create(
      new Proxy(pages, { get: (_, key) => (key === 'entries' ? entries : Reflect.get(pages, key)) }),
    );
    return {
      claims: (flags) => right.claims(flags),
      refuses: (page) => right.refuses(page),
      references: (page) => right.references(page),
      isolate: (page) => right.isolate(page),
      migrate: (source, target, mode) => right.migrate(source, target, mode),
      putback: (page) => right.putback(page),
      unmap: (page) => tired.unmap!(page),
      remap: (source, target) => tired.remap!(source, target),
    };
  };
}
