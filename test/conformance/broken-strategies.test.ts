import { jest } from '@jest/globals';
import { ConformanceFailure, STRATEGY_RULES, strategyConformance } from 'vacate/testing';
import buddyPairs from '../../examples/custom-strategy/buddy-pairs.js';
import type { StrategyDefinition, StrategyTools } from '../../src/strategies/define-strategy.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job } from '../../src/strategies/strategy.js';
import { shipped } from './strategies.js';

/*
 * A kit that cannot fail proves nothing. Here are strategies that are broken in one way each, as their authors might break
 * them; for each, the case that must find it out. The same case passes for the strategy as it was.
 */

/** Other tests share the processors. */
jest.setTimeout(300_000);

type Run = HighOrderStrategy['run'];
type Spoil = (right: Run, tools: StrategyTools) => Run;

interface Broken {
  readonly how: string;
  readonly foundBy: string;
  readonly spoil: Spoil;
  readonly of?: StrategyDefinition;
}

/** Its result, retouched. */
const telling =
  (retouch: (result: HighOrderResult) => Partial<HighOrderResult>): Spoil =>
  (right) =>
    function* (request) {
      const result = yield* right(request);
      return { ...result, ...retouch(result) };
    };

/** Something that it does when it has begun. */
const beginning =
  (deed: (tools: StrategyTools) => void): Spoil =>
  (right, tools) =>
    function* (request) {
      deed(tools);
      return yield* right(request);
    };

let nrRuns = 0;

/** Goes on with whatever it was given, when nobody wants it to. */
function* unstoppable(job: Job<HighOrderResult>): Job<HighOrderResult> {
  try {
    return yield* job;
  } finally {
    for (;;) yield { step: 'finishing', done: 0, total: 0 };
  }
}

const firstInUse = ({ service: { host } }: StrategyTools) => host.columns.mapcount.findIndex((nr) => nr > 0);

const BROKEN: readonly Broken[] = [
  {
    how: 'counts a page that it did not move',
    foundBy: 'the result adds up',
    spoil: telling(({ pagesMigrated }) => ({ pagesMigrated: pagesMigrated + 1 })),
  },
  {
    how: 'counts blocks that were free before',
    foundBy: 'the result adds up',
    spoil: telling(({ made, freeBefore }) => ({ made: made + freeBefore })),
  },
  {
    how: 'says that it is done whatever came of it',
    foundBy: 'pages that cannot go stay, and are refused by name',
    spoil: telling(() => ({ outcome: 'done' })),
  },
  {
    how: 'refuses without saying why',
    foundBy: 'pages that cannot go stay, and are refused by name',
    spoil: telling(() => ({
      refusals: [{ handler: 'core', reason: 'Not possible', kind: 'permanent', because: '', pages: 1, pfns: [7] }],
    })),
  },
  {
    how: 'names a lower bound that it likes',
    foundBy: 'the lower bound is the true one, and nobody goes below it',
    spoil: telling(({ pagesMigrated }) => ({ lowerBound: pagesMigrated })),
    of: shipped('high-order', 'tosatti'),
  },
  {
    how: 'leaves what it has isolated',
    foundBy: 'nothing stays in hand',
    spoil: beginning(({ service: { host } }) => host.isolateRange({ start: 0, end: 512 })),
  },
  {
    how: 'keeps a free block for itself',
    foundBy: 'nothing stays in hand',
    spoil: beginning(({ service: { host } }) => void host.free.take(host.free.blocks(0, 0)[0]!)),
  },
  {
    how: 'keeps a page locked',
    foundBy: 'stopped at any pause, it leaves nothing behind',
    spoil: beginning((tools) => void tools.service.host.lock(firstInUse(tools))),
  },
  {
    how: 'takes a reference that it never drops',
    foundBy: 'nothing is lost',
    spoil: beginning((tools) => {
      const { count } = tools.service.host.columns;
      const pfn = firstInUse(tools);
      count[pfn] = count[pfn]! + 1;
    }),
  },
  {
    how: 'undoes nothing when it is stopped',
    foundBy: 'stopped at any pause, it leaves nothing behind',
    spoil: (right, { service: { host } }) =>
      function* (request) {
        host.isolateRange({ start: 0, end: 512 });
        const result = yield* right(request);
        host.undoIsolateRange({ start: 0, end: 512 });
        return result;
      },
  },
  {
    how: 'goes on when it is stopped',
    foundBy: 'stopped at any pause, it leaves nothing behind',
    spoil: (right) => (request) => unstoppable(right(request)),
  },
  {
    how: 'begins before anybody lets it',
    foundBy: 'a job that nobody lets begin changes nothing',
    spoil: (right, { service: { host } }) => {
      return (request) => {
        host.isolateRange({ start: 0, end: 512 });
        return right(request);
      };
    },
  },
  {
    how: 'does something else each time',
    foundBy: 'on the same machine it does the same',
    spoil: telling(() => ({ candidates: nrRuns++ })),
  },
  {
    how: 'looks for blocks where it was not told to',
    foundBy: 'only what was asked for moves',
    spoil:
      (right) =>
      ({ order, count }) =>
        right({ order, count }),
  },
  {
    how: 'takes any request',
    foundBy: 'a request that makes no sense is refused, and changes nothing',
    spoil:
      (right) =>
      ({ order, ...request }) =>
        right({ ...request, order: order > 10 ? 3 : order, count: 1 }),
  },
  {
    how: 'does not say that it runs',
    foundBy: 'a run is announced, and how it ended',
    spoil:
      (_right, { service }) =>
      (request) => {
        const silent = buddyPairs.create({ service, events: { emit: () => {} } as never }) as HighOrderStrategy;
        return silent.run(request);
      },
  },
  {
    how: 'finds nothing to do',
    foundBy: 'there is something to do',
    spoil: (right, { service }) => {
      service.judge = () => 1;
      return right;
    },
  },
];

/** A strategy whose runs are spoiled. */
function spoiled({ spoil, of: definition = buddyPairs }: Broken): StrategyDefinition {
  return {
    frontEnd: 'high-order',
    create: (tools) => {
      const right = definition.create(tools) as HighOrderStrategy;
      const { name, about } = right;
      // Its own checks are made by the front end, and those that are broken leave them out.
      return { name, about, run: spoil((request: HighOrderRequest) => right.run(request), tools) };
    },
  };
}

function caseOf(definition: StrategyDefinition, name: string): () => void {
  const found = strategyConformance(definition).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no case "${name}"`);
  return found.run;
}

it.each(BROKEN.map((broken) => [broken.how, broken.foundBy, broken] as const))(
  'a strategy that %s is found out: by "%s"',
  (_how, foundBy, broken) => {
    expect(caseOf(broken.of ?? buddyPairs, foundBy)).not.toThrow();
    const fails = caseOf(spoiled(broken), foundBy);
    expect(fails).toThrow(ConformanceFailure);
    expect(fails).toThrow(/^strategy "[a-z-]+" breaks "[a-z-]+": ./);
  },
);

it('each rule of the kit finds one out', () => {
  const cases = strategyConformance(buddyPairs);
  const found = new Set(BROKEN.map(({ foundBy }) => cases.find(({ name }) => name === foundBy)!.rule));
  expect(Object.keys(STRATEGY_RULES).filter((rule) => !found.has(rule as never))).toEqual([]);
});

it('a skip must name a case, have a reason, and be needed', () => {
  const kit = (name: string, because: string) => strategyConformance(buddyPairs, { skip: [{ name, because }] });
  expect(() => kit('no such case', 'why not')).toThrow('there is no case "no such case" to skip');
  expect(() => kit('nothing is lost', ' ')).toThrow('is skipped without a reason');
  const turned = kit('nothing is lost', 'of course').find(({ name }) => name.includes('nothing is lost'))!;
  expect(turned.name).toBe('cannot be asked: nothing is lost (of course)');
  expect(() => turned.run()).toThrow('passes; do not skip it');
});
