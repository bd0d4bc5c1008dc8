import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { readCapture } from '../../../src/capture/index.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { FREE_FLAGS, PG_LOCKED, PG_WRITEBACK } from '../../../src/mm/page-flags.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { PLUGINS, SEED } from '../sim/small-machine.js';

const path = (relative: string) => new URL(`../../../${relative}`, import.meta.url).pathname;
const scenario = (file: string) => () =>
  machineFromScenario(parseScenario(readFileSync(path(file), 'utf8'), file), { seed: SEED });

const MACHINES: Readonly<Record<string, () => Machine>> = {
  'a scenario with refusals': scenario('examples/scenarios/refusals.yaml'),
  'a scenario with everything': scenario('test/fixtures/soak/small.yaml'),
  'a capture': () => machineFromImage(readCapture(path('test/fixtures/captures/pinned-offline/before-memory32'))),
};

const serviceOf = (m: Machine, plugins = PLUGINS) => new MigrationService(new SimHost(m), plugins, new PageEvents());

/** Pages in use that are passed over, and how many of those that are asked would go; none that is passed over would not. */
function passed(service: MigrationService, nrPfns: number): { plain: number; asked: number } {
  const { flags } = service.host.columns;
  let plain = 0;
  let asked = 0;
  let wrong = 0;
  for (let next = 0; next < nrPfns; next++) {
    const from = next;
    next = service.skipPlain(from, nrPfns);
    for (let pfn = from; pfn < next; pfn++) {
      if ((flags[pfn]! & FREE_FLAGS) !== 0) continue;
      plain++;
      if (service.judge(pfn) !== 0) wrong++;
    }
    if (next < nrPfns && service.judge(next) === 0) asked++;
  }
  expect(wrong).toBe(0);
  return { plain, asked };
}

describe.each(Object.entries(MACHINES))('%s', (_name, build) => {
  const m = build();

  it('has no page that is passed over and would not go, and most that go are passed over', () => {
    const { plain, asked } = passed(serviceOf(m), m.spec.nrPfns);
    expect(plain).toBeGreaterThan(asked);
  });

  it(`stays so when pages are locked, written, pinned, or lose what names them (seed ${SEED})`, () => {
    const prng = new Prng(SEED);
    for (let i = 0; i < m.spec.nrPfns / 8; i++) {
      const pfn = prng.below(m.spec.nrPfns);
      if ((m.flags[pfn]! & FREE_FLAGS) !== 0) continue;
      const what = prng.below(5);
      if (what < 2) m.flags[pfn] = (m.flags[pfn]! | (what === 0 ? PG_LOCKED : PG_WRITEBACK)) >>> 0;
      else if (what === 2) m.count[pfn] = m.count[pfn]! + 1;
      else if (what === 3) m.count[pfn] = 0;
      else m.index[pfn] = 0;
    }
    expect(passed(serviceOf(m), m.spec.nrPfns).plain).toBeGreaterThan(0);
  });

  it('asks every page whose type does not say that it is plain', () => {
    const { plain } = passed(
      serviceOf(
        m,
        PLUGINS.map(({ plain: _, ...plugin }) => plugin),
      ),
      m.spec.nrPfns,
    );
    expect(plain).toBe(0);
  });
});
