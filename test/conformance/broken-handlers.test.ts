import { PG_DIRTY, PG_HEAD, PG_LRU } from 'vacate/handler';
import {
  anonymousFixture,
  ConformanceFailure,
  type Fixture,
  fileBackedFixture,
  hugetlbPages,
  movableOpsFixture,
  nonlinearFixture,
  nonlinearPages,
  PAGE_TYPE_RULES,
  type PageTypeOptions,
  pageTypeConformance,
  poisonedFixture,
  swapBackedFixture,
  thpPages,
} from 'vacate/testing';
import walkingNonlinear from '../../examples/nonlinear-handler/walking-nonlinear.js';
import anonymous from '../../plugins/anonymous/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import { OFF_LRU, TRUNCATED } from '../../plugins/file-backed/refusals.js';
import hugetlb from '../../plugins/hugetlb/index.js';
import { RESERVED } from '../../plugins/hugetlb/refusals.js';
import hwpoison from '../../plugins/hwpoison/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import { NONLINEAR_MAPPING } from '../../plugins/nonlinear/refusals.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import { SLOT_TAKEN } from '../../plugins/swap-backed/refusals.js';
import thp from '../../plugins/thp/index.js';
import { SPLIT_REFUSED } from '../../plugins/thp/refusals.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import type { PageTypeHandler } from '../../src/handler/page-type-handler.js';
import type { PageView } from '../../src/handler/page-view.js';

/*
 * A suite that cannot fail proves nothing. Here are handlers that are broken in one way each, as their authors might
 * break them; for each, the case that must find it out. The same case passes for the handler as it was.
 */

type Spoil = (right: PageTypeHandler, pages: PageView) => Partial<PageTypeHandler>;

interface Broken {
  readonly how: string;
  readonly plugin: PageType;
  readonly fixture: () => Fixture;
  readonly spoil: Spoil;
  readonly foundBy: string;
}

const file = { plugin: fileBacked, fixture: fileBackedFixture };
const swap = { plugin: swapBacked, fixture: swapBackedFixture };
const anon = { plugin: anonymous, fixture: anonymousFixture };
const driver = { plugin: movableOps, fixture: movableOpsFixture };
const walker = { plugin: walkingNonlinear, ...nonlinearPages() };
const huge = { plugin: thp, ...thpPages() };
const pooled = { plugin: hugetlb, ...hugetlbPages() };
const damaged = { plugin: hwpoison, fixture: poisonedFixture };
const refuser = { plugin: nonlinear, fixture: nonlinearFixture };

const BROKEN: readonly Broken[] = [
  {
    how: 'moves no slot',
    ...file,
    spoil: () => ({ migrate: () => 0 }),
    foundBy: 'migrate re-points the slot, and leaves its tags',
  },
  {
    how: 'leaves the old page for writeback to write',
    ...file,
    spoil: () => ({ migrate: () => 0 }),
    foundBy: 'a dirty page can be written back from its new place',
  },
  {
    how: 'moves no swap slot',
    ...swap,
    spoil: () => ({ migrate: () => 0 }),
    foundBy: 'migrate keeps the swap slot',
  },
  {
    how: 'leaves its identity behind, so that no reverse map finds it',
    ...anon,
    spoil: () => ({ migrate: () => 0 }),
    foundBy: 'migrate moves every mapping',
  },
  {
    how: "moves no slot of the driver's table",
    ...driver,
    spoil: () => ({ migrate: () => 0 }),
    foundBy: 'migrate leaves the old page free and every invariant whole',
  },
  {
    how: 'forgets buffers',
    ...file,
    spoil: (_right, pages) => ({ migrate: (source, target) => (pages.moveSlot(source, target) ? 0 : TRUNCATED) }),
    foundBy: 'migrate moves buffers',
  },
  {
    how: 'forgets that buffers hold a reference',
    ...file,
    spoil: () => ({ references: () => 1 }),
    foundBy: 'references agrees with the refcount identity',
  },
  {
    how: 'forgets the reference of the swap cache',
    ...swap,
    spoil: () => ({ references: () => 0 }),
    foundBy: 'references agrees with the refcount identity',
  },
  {
    how: 'counts isolation among its references',
    ...anon,
    spoil: (_right, pages) => ({ references: (page) => ((pages.flags(page) & PG_LRU) === 0 ? 1 : 0) }),
    foundBy: 'references agrees with the refcount identity',
  },
  {
    how: 'puts back to where the page was not',
    ...file,
    spoil: (_right, pages) => ({ putback: (page) => pages.putbackToDriver(page) }),
    foundBy: 'isolate, then putback, leaves every byte of the machine as it was',
  },
  {
    how: 'says that it is plain, and does more',
    ...file,
    spoil: (right) => ({ refuses: (page) => (page % 2 === 0 ? TRUNCATED : right.refuses(page)) }),
    foundBy: 'a page that is moved in bulk arrives as one that the handler moved, to the byte',
  },
  {
    how: 'does not put back at all',
    ...swap,
    spoil: () => ({ putback: () => {} }),
    foundBy: 'a pinned page is refused, and nothing changes',
  },
  {
    how: 'takes two references',
    ...anon,
    spoil: (right, pages) => ({
      isolate: (page) => {
        pages.isolateFromDriver(page, OFF_LRU);
        return right.isolate(page);
      },
    }),
    foundBy: 'isolate takes a page off its list, with one reference',
  },
  {
    how: 'leaves the page on its list',
    ...file,
    spoil: (_right, pages) => ({
      isolate: (page) => {
        pages.isolateFromDriver(page, OFF_LRU);
        return 0;
      },
    }),
    foundBy: 'isolate takes a page off its list, with one reference',
  },
  {
    how: 'lets pages stay in a block that goes offline, and loses what they hold',
    ...anon,
    spoil: () => ({ staysWhenOffline: () => true }),
    foundBy: 'staysWhenOffline says yes of no page that keeps its block',
  },
  {
    how: 'does not say that its pages may stay, so that their block never goes',
    ...damaged,
    spoil: () => ({ staysWhenOffline: () => false }),
    foundBy: 'staysWhenOffline says yes of no page that keeps its block',
  },
  {
    how: 'answers with a code that is not in its table',
    ...file,
    spoil: (right, pages) => ({
      refuses: (page) => ((pages.flags(page) & PG_DIRTY) !== 0 ? 3 : right.refuses(page)),
    }),
    foundBy: 'refusal codes are in the table',
  },
  {
    how: 'answers with no code at all when it is done',
    ...anon,
    spoil: (right) => ({
      isolate: (page) => {
        right.isolate(page);
        return undefined as never;
      },
    }),
    foundBy: 'refusal codes are in the table',
  },
  {
    how: 'claims by turns',
    ...driver,
    spoil: (right) => {
      let nr = 0;
      return { claims: (flags) => nr++ % 64 !== 0 && right.claims(flags) };
    },
    foundBy: 'claims is pure',
  },
  {
    how: 'claims everything',
    ...anon,
    spoil: () => ({ claims: () => true }),
    foundBy: 'claims its pages, and no page that is free',
  },
  {
    how: 'does not know its page again, once it is isolated',
    ...file,
    spoil: () => ({ claims: (flags) => (flags & PG_LRU) !== 0 }),
    foundBy: 'a page that another migrator has in hand is refused, and nothing changes',
  },
  {
    how: 'has the page in hand before it refuses',
    ...file,
    spoil: (_right, pages) => ({
      isolate: (page) => {
        if (pages.isolateFromLru(page, OFF_LRU) === 0) return 0;
        pages.isolateFromDriver(page, OFF_LRU);
        return OFF_LRU;
      },
    }),
    foundBy: '"off-lru" is said, and nothing changes',
  },
  {
    how: 'changes something when it is only asked',
    ...file,
    spoil: (right, pages) => ({
      refuses: (page) => {
        const code = right.refuses(page);
        if (code !== 0) pages.isolateFromLru(page, OFF_LRU);
        return code;
      },
    }),
    foundBy: '"truncated" is said, and nothing changes',
  },
  {
    how: 'never says that a file was truncated',
    ...file,
    spoil: () => ({ refuses: () => 0 }),
    foundBy: '"truncated" is said, and nothing changes',
  },
  {
    how: 'moves the slot, and then refuses',
    ...swap,
    spoil: (right) => ({
      migrate: (source, target, mode) => right.migrate(source, target, mode) || SLOT_TAKEN,
    }),
    foundBy: 'a migration that is stopped at any pause leaves nothing half done',
  },
  {
    how: 'bears a grudge against a page that was put back',
    ...file,
    spoil: (right) => {
      const grudges = new Set<number>();
      return {
        refuses: (page) => (grudges.has(page) ? TRUNCATED : right.refuses(page)),
        putback: (page) => {
          grudges.add(page);
          right.putback(page);
        },
      };
    },
    foundBy: 'a pinned page goes once the pin is dropped',
  },
  {
    how: 'gives in to whoever asks often enough',
    ...refuser,
    spoil: () => {
      let nr = 0;
      return { refuses: () => (++nr > 2 ? 0 : NONLINEAR_MAPPING), isolate: () => 0 };
    },
    foundBy: '"nonlinear-mapping": it stays refused, however often it is asked',
  },
  {
    how: 'remembers when it isolates a page what it should ask when it moves it',
    ...swap,
    spoil: (right, pages) => {
      const inSwap = new Set<number>();
      return {
        isolate: (page) => {
          if (pages.swapSlot(page) >= 0) inSwap.add(page);
          return right.isolate(page);
        },
        migrate: (source, target, mode) =>
          inSwap.has(source) && pages.swapSlot(source) < 0 ? 0 : right.migrate(source, target, mode),
      };
    },
    foundBy: 'a page moves or stays as a whole, though a process writes to it between any two steps',
  },
  {
    how: 'takes the page that it isolated last for the one that it is to put back',
    ...file,
    spoil: (right) => {
      let last = -1;
      return {
        isolate: (page) => {
          last = page;
          return right.isolate(page);
        },
        putback: (page) => right.putback(last >= 0 ? last : page),
      };
    },
    foundBy: 'in every world of four pages exactly those move that nothing keeps',
  },
  {
    how: 'does not look everywhere for the mappings that only it finds',
    ...walker,
    spoil: () => ({ unmap: () => {} }),
    foundBy: 'migrate moves every mapping',
  },
  {
    how: 'forgets to map the page again where only it finds it',
    ...walker,
    spoil: () => ({ remap: () => {} }),
    foundBy: 'a locked page goes once it is unlocked',
  },
  {
    how: 'has a huge page split whatever it is doing',
    ...huge,
    spoil: () => ({ refusesSplit: () => 0 }),
    foundBy: '"split-refused" is said, and nothing changes',
  },
  {
    how: 'never lets a huge page be split',
    ...huge,
    spoil: () => ({ refusesSplit: () => SPLIT_REFUSED }),
    foundBy: 'a page that has nowhere to go is refused, and nothing changes',
  },
  {
    how: 'takes a huge page in hand when it is only asked whether that may be split',
    ...huge,
    spoil: (right, pages) => ({
      refusesSplit: (head) => {
        pages.isolateFromLru(head, OFF_LRU);
        return right.refusesSplit!(head);
      },
    }),
    foundBy: '"split-refused" is said, and nothing changes',
  },
  {
    how: 'answers with a code that is not in its table when it is asked about a split',
    ...huge,
    spoil: (right, pages) => ({
      refusesSplit: (head) => ((pages.flags(head) & PG_HEAD) !== 0 ? 99 : right.refusesSplit!(head)),
    }),
    foundBy: 'refusal codes are in the table',
  },
  {
    how: 'says that it has given a huge page back, and keeps it',
    ...pooled,
    spoil: () => ({ dissolve: () => 0 }),
    foundBy: '"reserved": it goes, or is gone, once its cause is',
  },
  {
    how: 'never gives a huge page back, although it said that it would go',
    ...pooled,
    spoil: () => ({ dissolve: () => RESERVED }),
    foundBy: '"reserved": it goes, or is gone, once its cause is',
  },
  {
    how: 'says that huge pages would go which files have been promised',
    ...pooled,
    spoil: (right) => ({
      refuses: (page) => {
        const code = right.refuses(page);
        return code === RESERVED ? 0 : code;
      },
    }),
    foundBy: '"reserved" is said, and nothing changes',
  },
  {
    how: 'maps what only it finds again at the old page',
    ...walker,
    spoil: (right) => ({ remap: (source) => right.remap!(source, source) }),
    foundBy: 'migrate moves every mapping',
  },
  {
    how: 'tires after two hundred pages',
    ...driver,
    spoil: (right) => {
      let nr = 0;
      return { isolate: (page) => (++nr > 200 ? 1 : right.isolate(page)) };
    },
    foundBy: 'thousands of operations leave what a model of one object a page says',
  },
];

/** A plugin whose handlers do some things differently. */
function spoiled({ plugin, spoil }: Pick<Broken, 'plugin' | 'spoil'>): PageType {
  return {
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
        ...(right.refusesSplit && { refusesSplit: (head) => right.refusesSplit!(head) }),
        ...(right.dissolve && { dissolve: (head) => right.dissolve!(head) }),
        ...(right.unmap && { unmap: (page) => right.unmap!(page), remap: (from, to) => right.remap!(from, to) }),
      };
      return { ...bound, ...spoil(bound, pages) };
    },
  };
}

function caseOf(plugin: PageType, options: PageTypeOptions, name: string): () => void {
  const found = pageTypeConformance(plugin, options).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no case "${name}"`);
  return found.run;
}

describe('a broken handler is found out', () => {
  it.each(BROKEN.map((broken) => [broken.plugin.name, broken.how, broken.foundBy, broken] as const))(
    '%s that %s: by "%s"',
    (_name, _how, foundBy, broken) => {
      expect(caseOf(broken.plugin, broken, foundBy)).not.toThrow();
      const fails = caseOf(spoiled(broken), broken, foundBy);
      expect(fails).toThrow(ConformanceFailure);
      expect(fails).toThrow(/^page type "[a-z-]+" breaks "[a-z-]+": .*(pfn:0x[0-9a-f]+|a page with flags )/s);
    },
  );

  it('by each rule of the kit', () => {
    const found = new Set(BROKEN.map((broken) => ruleOf(broken)));
    expect(Object.keys(PAGE_TYPE_RULES).filter((rule) => !found.has(rule))).toEqual(['skips-are-needed']);
  });
});

function ruleOf(broken: Broken): string {
  const { plugin, foundBy } = broken;
  return pageTypeConformance(plugin, broken).find(({ name }) => name === foundBy)!.rule;
}

describe('a skip', () => {
  const options = { fixture: anonymousFixture };

  it('names a case that there is', () => {
    const skip = [{ name: 'migrate does everything', because: 'no' }];
    expect(() => pageTypeConformance(anonymous, { ...options, skip })).toThrow('no case "migrate does everything"');
  });

  it('has a reason', () => {
    const skip = [{ name: 'migrate moves buffers', because: ' ' }];
    expect(() => pageTypeConformance(anonymous, { ...options, skip })).toThrow('skipped without a reason');
  });

  it('is not for a case that passes', () => {
    const skip = [
      { name: 'migrate moves buffers', because: 'it has none' },
      { name: 'claims is pure', because: 'it takes so long' },
    ];
    const run = caseOf(anonymous, { ...options, skip }, 'every skip is needed (2)');
    expect(run).toThrow('"claims is pure" passes; do not skip it');
  });

  it('takes its case out', () => {
    const skip = [{ name: 'migrate moves buffers', because: 'it has none' }];
    const names = pageTypeConformance(anonymous, { ...options, skip }).map(({ name }) => name);
    expect(names).not.toContain('migrate moves buffers');
    expect(names).toContain('every skip is needed (1)');
  });
});

describe('a fixture', () => {
  it('without pages passes nothing by having nothing to test', () => {
    const fixture = () => ({ ...anonymousFixture(), pages: [] });
    const idle = pageTypeConformance(anonymous, { fixture }).filter(({ run }) => passes(run));
    expect(idle.map(({ name }) => name)).toEqual([]);
  });

  it('provokes every refusal of the table', () => {
    const fixture = () => ({ ...anonymousFixture(), refusals: {} });
    expect(caseOf(anonymous, { fixture }, '"off-lru" is said, and nothing changes')).toThrow(
      'does not provoke "off-lru"',
    );
  });
});

describe('a failure says which page is meant by its state', () => {
  it('that is refused for another reason than it has', () => {
    const busy = spoiled({ plugin: anonymous, spoil: () => ({ refuses: () => 1 }) });
    const run = caseOf(busy, { fixture: anonymousFixture }, 'a locked page is refused, and nothing changes');
    expect(run).toThrow(
      /the refusal of the page that is mapped once \(pfn:0x[0-9a-f]+\) is anonymous: off-lru, not core/,
    );
  });

  it('that the fixture lacks', () => {
    const run = caseOf(anonymous, { fixture: anonymousFixture }, 'migrate moves buffers');
    expect(run).toThrow('no page of the fixture has buffers; add one, or say why with "skip"');
  });
});

function passes(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
