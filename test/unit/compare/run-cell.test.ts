import anonymous from '../../../plugins/anonymous/index.js';
import { VacateError } from '../../../src/base/vacate-error.js';
import type { CellEvacuator } from '../../../src/compare/evacuator-port.js';
import type { CompareJob } from '../../../src/compare/job.js';
import { KeptMachine } from '../../../src/compare/kept-machine.js';
import { runCell } from '../../../src/compare/run-cell.js';
import { stakeOf } from '../../../src/compare/stake.js';
import { alone, type Surroundings } from '../../../src/compare/surroundings.js';
import { MOVE_NS, SCAN_NS } from '../../../src/compare/virtual-time.js';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import { zapPte } from '../../../src/sim/address-space.js';
import type { Machine } from '../../../src/sim/machine.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { advance } from '../../../src/sim/writeback.js';
import type { HighOrderResult, HighOrderStrategy, Job } from '../../../src/strategies/strategy.js';
import { anonProcess, expectSound, put, settle, smallMachine, zone } from '../sim/small-machine.js';

/** Every second page of most of memory is in use. Built once: what a test leaves behind is undone when the next one asks. */
let kept: KeptMachine | null = null;
function holey(): Machine {
  kept ??= new KeptMachine(buildHoley());
  kept.restore();
  return kept.machine;
}

function buildHoley(): Machine {
  const m = smallMachine({ pages: 4096, zones: [zone('Normal', 0, 4096)], capacity: { tables: 512, extents: 512 } });
  const task = anonProcess(m, 3600);
  for (let page = 0; page < 3600; page += 2) zapPte(m, 0, task.mm, task.start + page, m.mmVmas[task.mm]!);
  settle(m);
  return m;
}

const HIGH_ORDER: CompareJob = { kind: 'high-order', order: 9, count: 2 };

function run(
  m: Machine,
  job: CompareJob,
  strategy: string,
  evacuator: CellEvacuator = evacuatorOf(m),
  beside?: Surroundings,
) {
  const own = new KeptMachine(m);
  const key = { machine: 'm', job: 'j', strategy, seed: 1 };
  const frontEnd = job.kind === 'offline' ? 'offline' : 'highOrder';
  const stake = stakeOf(evacuator.service, job);
  return runCell({ key, job, frontEnd, kept: own, evacuator, stake, surroundings: beside ?? alone(m) });
}

const evacuatorOf = (m: Machine) => createEvacuator({ host: simModule(m), plugins: [anonymous] });

/** An evacuator whose high-order strategies do as a test says. */
const behaving = (m: Machine, highOrder: HighOrderStrategy['run']): CellEvacuator => ({ ...evacuatorOf(m), highOrder });

describe('a cell', () => {
  it('of a high-order job has moves beside their lower bound', () => {
    const m = holey();
    const { metrics, ...cell } = run(m, HIGH_ORDER, 'cheapest-range');
    expect(cell).toMatchObject({ strategy: 'cheapest-range', ended: 'done', because: null, refusals: [] });
    expect(metrics).toMatchObject({
      success: 1,
      asked: 2,
      made: 2,
      movesOverBound: 1,
      contentsWrong: 0,
      livePages: null,
    });
    expect(metrics!.pagesMigrated).toBe(metrics!.lowerBound);
    expect(metrics!.movesPerBlock).toBe(metrics!.pagesMigrated! / 2);
    expect(metrics!.virtualNs).toBe(metrics!.pagesMigrated! * MOVE_NS + 4096 * SCAN_NS);
    expect(cell.stateHash).toMatch(/^[0-9a-f]{16}$/);
    expectSound(m);
  });

  it('of an offline job has copies for each page in use', () => {
    const m = holey();
    const { metrics } = run(m, { kind: 'offline', blocks: [2], what: 'block 2' }, 'isolate-first');
    expect(metrics).toMatchObject({ success: 1, asked: 1, made: 1, livePages: 256, pagesMigrated: 256 });
    expect(metrics).toMatchObject({ copiesPerLivePage: 1, lowerBound: null, movesPerBlock: null });
  });

  it('is the same again on the same machine', () => {
    const cells = [1, 2].map(() => run(holey(), { ...HIGH_ORDER, count: 'all' }, 'cheapest-range'));
    expect(cells[0]).toEqual(cells[1]);
  });

  it('says why a strategy does not apply, and changes nothing then', () => {
    const m = holey();
    expect(run(m, { kind: 'offline', blocks: [77], what: 'block 77' }, 'isolate-first')).toMatchObject({
      ended: 'does-not-apply',
      because: 'memory block 77 lies outside memory; blocks are 0 to 7',
      metrics: null,
    });
    const picky = behaving(m, () => {
      throw new VacateError('usage', 'strategy picky does not apply: it is Sunday');
    });
    expect(run(m, HIGH_ORDER, 'picky', picky)).toMatchObject({ ended: 'does-not-apply', because: 'it is Sunday' });
  });

  it('of a strategy that throws has its error', () => {
    const m = holey();
    const breaking = behaving(m, function* (): Job<HighOrderResult> {
      yield { step: 'scanning', done: 0, total: 1 };
      throw new Error('index 7 of 3');
    });
    expect(run(m, HIGH_ORDER, 'breaking', breaking)).toMatchObject({
      ended: 'error',
      because: 'index 7 of 3',
      metrics: null,
    });
  });

  it('of a strategy that goes round in circles has that as its error', () => {
    const m = holey();
    let stopped = false;
    const circling = behaving(m, function* (): Job<HighOrderResult> {
      try {
        for (;;) yield { step: 'waiting', done: 0, total: 1 };
      } finally {
        stopped = true;
      }
    });
    const { ended, because } = run(m, HIGH_ORDER, 'circling', circling);
    expect([ended, stopped]).toEqual(['error', true]);
    expect(because).toMatch(/had not ended after 14096 pauses/);
  });

  it('counts pages that read something else afterwards, but for those that other tasks have written', () => {
    const m = holey();
    const mm = 1;
    const vpn = m.vmaStart[m.mmVmas[mm]!]! + 1;
    const spoiling = (): CellEvacuator =>
      behaving(m, (request) => {
        for (const offset of [0, 2, 4]) put(m, mm, vpn + offset, 6, 6);
        return evacuatorOf(m).highOrder(request, 'cheapest-range');
      });
    expect(run(m, HIGH_ORDER, 'spoiling', spoiling()).metrics!.contentsWrong).toBe(3);
    for (const offset of [0, 2, 4]) put(m, mm, vpn + offset, 7, offset);
    const beside = { ...alone(m), failures: 5, wrong: 10, hasWritten: (_: number, page: number) => page === vpn };
    expect(run(m, { ...HIGH_ORDER, count: 1 }, 'spoiling', spoiling(), beside).metrics).toMatchObject({
      contentsWrong: 12,
      othersFailed: 5,
    });
  });

  it('lets other tasks run at each pause, and prices what they made it wait for', () => {
    const m = holey();
    let pauses = 0;
    const beside = {
      ...alone(m),
      pause: () => {
        pauses++;
        advance(m, 0, 1000);
      },
    };
    const { metrics } = run(m, HIGH_ORDER, 'cheapest-range', evacuatorOf(m), beside);
    expect(pauses).toBeGreaterThan(5);
    expect(metrics!.virtualNs).toBe(pauses * 1000 + metrics!.pagesMigrated! * MOVE_NS + 4096 * SCAN_NS);
  });
});

const REQUESTS = {
  kind: 'requests',
  order: 9,
  requests: 6,
  everyNs: 250_000,
  holdNs: Number.POSITIVE_INFINITY,
} as const;

describe('requests', () => {
  /** Of the order there is one block free, of eight. */
  const granted = (strategy: string, wait: boolean, holdNs: number = REQUESTS.holdNs) => {
    const m = holey();
    const cell = run(m, { ...REQUESTS, wait, holdNs }, strategy);
    expectSound(m);
    return cell;
  };

  it('get what there is if nobody helps', () => {
    const { metrics, ended } = granted('none', true);
    expect(metrics).toMatchObject({ asked: 6, pagesMigrated: 0, virtualNs: 0, contentsWrong: 0 });
    expect(metrics!.made).toBeLessThan(2);
    expect(ended).toBe(metrics!.made === 0 ? 'refused' : 'partial');
  });

  it('that may wait get what a strategy makes for them', () => {
    const [alone_, helped] = [granted('none', true), granted('cheapest-range', true)];
    expect(helped.metrics!.made).toBeGreaterThan(alone_.metrics!.made! + 1);
    expect(helped.metrics!.pagesMigrated).toBeGreaterThan(500);
  });

  it('that may not wait get what was made for the one before', () => {
    const [waiting, atomic] = [granted('cheapest-range', true), granted('cheapest-range', false)];
    expect(atomic.metrics!.made).toBeLessThan(waiting.metrics!.made!);
    expect(atomic.metrics!.pagesMigrated).toBeGreaterThan(0);
  });

  it('that give back what they held are served again', () => {
    expect(granted('cheapest-range', true, 100_000).metrics).toMatchObject({ success: 1, made: 6 });
  });

  it('wait for a while only: help that does not end works on in the background', () => {
    const m = holey();
    let steps = 0;
    const endless = behaving(m, function* (): Job<HighOrderResult> {
      for (;;) {
        steps++;
        yield { step: 'waiting', done: 0, total: 1 };
      }
    });
    const { ended } = run(m, { ...REQUESTS, wait: true }, 'endless', endless);
    expect(['partial', 'refused']).toContain(ended);
    expect(steps).toBeLessThan(6 * 1000 + 6 * 3 + 1);
  });

  it('say that a strategy does not apply also if none of them needs it', () => {
    const m = smallMachine({ pages: 4096 });
    const picky = behaving(m, () => {
      throw new VacateError('usage', 'not today');
    });
    expect(run(m, { ...REQUESTS, requests: 1, wait: true }, 'picky', picky)).toMatchObject({ ended: 'does-not-apply' });
  });
});
