import { createEvacuator } from '../../../src/container/create-evacuator.js';
import { PG_UNEVICTABLE } from '../../../src/mm/page-flags.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { SHIPPED_PAGE_TYPES } from '../../../src/testing/shipped.js';

/* What vm.compact_unevictable_allowed means to whom: to compaction all, to offlining nothing. */

const machineWith = (setting: string): Machine =>
  machineFromScenario(
    parseScenario(
      `
      name: locked
      seed: 1
      cpus: 2
      blockSize: 2MiB
      ${setting}
      nodes: [{ boot: 32MiB, dimms: [{ name: dimm0, size: 16MiB, zone: movable }] }]
      workloads:
        - { kind: mlocked, size: 3MiB, on: dimm0 }
        - { kind: anonymous, size: 3MiB, on: dimm0 }
      `,
      'compact-unevictable.test.ts',
    ),
  );

const locked = (m: Machine): number[] =>
  Array.from(m.flags.keys()).filter((pfn) => (m.flags[pfn]! & PG_UNEVICTABLE) !== 0);

describe('compaction', () => {
  it.each([
    ['', true],
    ['compactUnevictableAllowed: true', true],
    ['compactUnevictableAllowed: false', false],
  ])('with "%s" moves mlocked pages: %s', (setting, moves) => {
    const m = machineWith(setting);
    const [before, ledger] = [locked(m), takeLedger(m)];
    const { highOrder } = createEvacuator({ host: simModule(m), plugins: SHIPPED_PAGE_TYPES });
    const { pagesMigrated } = runToEnd(highOrder({ order: 9, count: 'all' }, 'compaction'));
    const after = locked(m);
    expect(after).toHaveLength(before.length);
    expect(after.some((pfn) => !before.includes(pfn))).toBe(moves);
    expect(pagesMigrated).toBeGreaterThan(0);
    expect(compareLedger(m, ledger).wrong).toBe(0);
  });
});

describe('offlining', () => {
  it.each(['compactUnevictableAllowed: true', 'compactUnevictableAllowed: false'])(
    'with "%s" moves mlocked pages all the same',
    (setting) => {
      const m = machineWith(setting);
      const [{ range }] = m.spec.dimms as [(typeof m.spec.dimms)[number]];
      const blocks = Array.from({ length: (range.end - range.start) / m.spec.blockPages }, (_, i) =>
        Math.floor(range.start / m.spec.blockPages + i),
      );
      const { offline } = createEvacuator({ host: simModule(m), plugins: SHIPPED_PAGE_TYPES });
      expect(runToEnd(offline({ blocks }))).toMatchObject({ outcome: 'done' });
      expect(locked(m).every((pfn) => pfn < range.start || pfn >= range.end)).toBe(true);
      expect(locked(m).length).toBeGreaterThan(0);
    },
  );
});
