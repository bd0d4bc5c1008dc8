import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { MAX_PAGE_ORDER } from '../../mm/units.js';
import { pin } from '../../sim/holds.js';
import { compareLedger, takeLedger } from '../../sim/ledger.js';
import { unpin } from '../../sim/writeback.js';
import { check } from '../conformance.js';
import { differences, EVERYTHING, findAgain, recordOf, recordsOf } from './page-record.js';
import { called, checkWhole, type Open, on, type PageTypeCase, refusedInTheMidst } from './world.js';

/** What happens to pages that are already in hand when something comes between. */
export function interruptionRules(open: Open): PageTypeCase[] {
  return [
    on(open, 'refused-pages-stay', 'a page that is pinned at the last moment stays, as it was', (world) => {
      for (const { pfn } of world.pages) {
        const provoke = () => pin(world.machine, pfn, Number.POSITIVE_INFINITY);
        const relieve = () => void unpin(world.machine, 0, pfn);
        refusedInTheMidst(world, { pfn, from: 'migrate', provoke, relieve }, 'core: pinned');
      }
    }),
    {
      name: 'a migration that is stopped at any pause leaves nothing half done',
      rule: 'stopped-anywhere',
      run: () => stopEverywhere(open),
    },
  ];
}

/** Stops after one pause, after two, and so on, on a new machine each time, until one comes to its end. */
function stopEverywhere(open: Open): void {
  for (let nrSteps = 1; ; nrSteps++) {
    const world = open();
    const { machine, pages, service } = world;
    const before = recordsOf(
      machine,
      pages.map(({ pfn }) => pfn),
    );
    const ledger = takeLedger(machine);
    const pfns = Uint32Array.from(before, ({ pfn }) => pfn).sort();
    const steps = service.steps({ pfns, mode: MIGRATE_SYNC, sparedOrder: MAX_PAGE_ORDER + 1 });
    let phase = 'the end';
    let done = false;
    for (let step = 0; step < nrSteps && !done; step++) {
      const { value, done: isDone = false } = steps.next();
      done = isDone;
      if (!done) phase = (value as { phase: string }).phase;
    }
    steps.return(undefined as never);
    for (const [i, record] of before.entries()) {
      const pfn = findAgain(machine, record);
      check(pfn >= 0, `stopped after ${phase}, nothing names ${called(pages[i]!)} any more`);
      const lost = differences(record, recordOf(machine, pfn), EVERYTHING);
      check(lost.length === 0, `stopped after ${phase}, ${called(pages[i]!)} has lost something: ${lost.join('; ')}`);
    }
    checkWhole(world);
    const { firstWrong } = compareLedger(machine, ledger);
    check(firstWrong === null, `stopped after ${phase}, ${firstWrong} reads something else`);
    if (done) return;
  }
}
