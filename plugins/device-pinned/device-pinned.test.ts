import { DMA_PINNED, PG_ANON, PG_HEAD, PG_HWPOISON, PG_LRU, PG_NONLINEAR } from 'vacate/handler';
import { openWorld, pageThatIs, pageTypeConformance, pinnedFixture, pinnedPages } from 'vacate/testing';
import { PageEvents } from '../../src/events/page-events.js';
import { MigrationService } from '../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../src/mm/migrate-mode.js';
import { pinUserPage } from '../../src/sim/gup.js';
import { HOLD_DMA_PIN, HOLD_LONGTERM_PIN } from '../../src/sim/holds.js';
import { SimHost } from '../../src/sim/sim-host.js';
import { unpinUserPage } from '../../src/sim/writeback.js';
import anonymous from '../anonymous/index.js';
import devicePinned from './index.js';

const FOR_EVER = Number.POSITIVE_INFINITY;

describe('device-pinned', () => {
  for (const { name, run } of pageTypeConformance(devicePinned, pinnedPages())) it(name, run);

  it.each([
    ['a pinned page of a process', DMA_PINNED | PG_ANON | PG_LRU, true],
    ['one with a memory error', DMA_PINNED | PG_HWPOISON, false],
    ['one of a nonlinear mapping', (DMA_PINNED | PG_NONLINEAR | PG_LRU) >>> 0, false],
    ['a part of a huge page', DMA_PINNED | PG_HEAD | PG_ANON, false],
    ['a page that nobody pins', PG_ANON | PG_LRU, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(devicePinned, pinnedFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it.each([
    ['registered with a device', 'longterm-pin', 0],
    ['registered in zone Movable, as before Linux 5.13', 'longterm-pin', 0],
    ['registered, and under direct I/O besides', 'longterm-pin', 0],
    ['under direct I/O', 'transfer-under-way', 0],
    ['of a file, with buffers, under direct I/O', 'transfer-under-way', 2],
  ])('of a page that is %s: it says "%s", and counts its owner’s references alone', (state, id, references) => {
    const world = openWorld(devicePinned, pinnedFixture());
    const pfn = pageThatIs(state, world);
    expect(world.service.handlers.refusal(world.service.judge(pfn)).id).toBe(id);
    expect(world.handler.references(pfn)).toBe(references);
  });

  it('hands a page over to its type when the last pin of two is dropped', () => {
    const { machine } = pinnedFixture();
    const pfn = pageThatIs('registered, and under direct I/O besides', pinnedFixture());
    const service = new MigrationService(new SimHost(machine), [devicePinned, anonymous], new PageEvents());
    const move = () => service.migrate({ pfns: Uint32Array.of(pfn), mode: MIGRATE_SYNC, sparedOrder: 11 });
    unpinUserPage(machine, 0, pfn, HOLD_LONGTERM_PIN);
    expect(move().refused).toMatchObject([{ handler: 'device-pinned', reason: 'transfer-under-way' }]);
    unpinUserPage(machine, 0, pfn, HOLD_DMA_PIN);
    expect(move()).toMatchObject({ migrated: 1, refused: [] });
    expect(service.host.validate()).toEqual([]);
  });

  it('refuses a page that a device pins while it is in hand, and it is back where it was', () => {
    const { machine } = pinnedFixture();
    const pfn = pageThatIs('under direct I/O', pinnedFixture());
    unpinUserPage(machine, 0, pfn, HOLD_DMA_PIN);
    const service = new MigrationService(new SimHost(machine), [devicePinned, anonymous], new PageEvents());
    const steps = service.steps({ pfns: Uint32Array.of(pfn), mode: MIGRATE_SYNC, sparedOrder: 11 });
    for (let step = steps.next(), isPinned = false; ; step = steps.next()) {
      if (step.done === true) {
        expect(step.value.refused).toMatchObject([{ handler: 'device-pinned', reason: 'longterm-pin' }]);
        break;
      }
      if (!isPinned && step.value.phase === 'isolate') {
        pinUserPage(machine, pfn, FOR_EVER, HOLD_LONGTERM_PIN);
        isPinned = true;
      }
    }
    expect(machine.flags[pfn]! & PG_LRU).toBe(PG_LRU);
    expect(service.host.validate()).toEqual([]);
  });
});
