import { MIGRATE_ASYNC, MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { MAX_PAGE_ORDER, type Pfn } from '../../mm/units.js';
import { check, checkSame } from '../conformance.js';
import { CORE_CAUSES, type CoreCause } from './core-causes.js';
import { type Frame, sameFrame, takeFrame } from './frame.js';
import type { Operation } from './model-rules.js';
import { differences, EVERYTHING, findAgain, type PageRecord, recordsOf } from './page-record.js';
import { called, checkWhole, type FixturePage, migrate, type World } from './world.js';

/** What an operation can do: ask a page, let something befall it, end that, move it, move it in vain, stop on the way. */
export const ACTS = ['ask', 'befall', 'relieve', 'move', 'no-room', 'stop'] as const;
export type Act = (typeof ACTS)[number];

/** What can befall a page without changing what it is. */
const CAUSES = ['locked', 'pinned', 'isolated'].map((id) => CORE_CAUSES.find((one) => one.id === id)!);
/** Pages of one list. */
const TOGETHER = 4;
/** Everything that names a page is looked up so often, and the whole machine validated. */
const LOOK_EVERY = 500;

/** All that the model knows of a page. */
interface ModelPage {
  readonly state: string;
  /** As it was when nothing had happened. */
  readonly record: PageRecord;
  readonly claimed: boolean;
  readonly refusal: number;
  readonly references: number;
  pfn: Pfn;
  /** As it is to be until something happens to it. */
  frame: Frame;
  cause: CoreCause | null;
}

/**
 * A model of a page type with one object a page: where it is, what has befallen it, and that it is otherwise as it always
 * was. After every operation each page has to be just so.
 */
export class PageModel {
  readonly #world: World;
  readonly #pages: readonly ModelPage[];

  constructor(world: World) {
    const { machine, handler, pages } = world;
    const records = recordsOf(
      machine,
      pages.map(({ pfn }) => pfn),
    );
    this.#world = world;
    this.#pages = pages.map(({ pfn, state }, i) => ({
      state,
      record: records[i]!,
      claimed: handler.claims(machine.flags[pfn]!),
      refusal: handler.refuses(pfn),
      references: handler.references(pfn),
      pfn,
      frame: takeFrame(machine, pfn),
      cause: null,
    }));
  }

  /** @throws ConformanceFailure if any page is not as it should be then. */
  apply(operation: Operation, at: number): void {
    const page = this.#pages[operation.page % this.#pages.length]!;
    if (operation.act === 'ask') this.#ask(page);
    else if (operation.act === 'befall') this.#befall(page, operation);
    else if (operation.act === 'relieve') this.#relieve(page);
    else if (operation.act === 'move') this.#move(this.#listOf(operation), operation.more % 2 === 0);
    else if (operation.act === 'no-room') this.#moveInVain(this.#listOf(operation));
    else this.#stop(this.#listOf(operation), operation.more % 13);
    for (const each of this.#pages) this.#checkFrame(each);
    if (at % LOOK_EVERY === LOOK_EVERY - 1) this.checkAll();
  }

  /** What would be done, for people. */
  inWords(operation: Operation): string {
    const { act, page, more } = operation;
    const [one, list] = [
      called(this.#pages[page % this.#pages.length]!),
      this.#listOf(operation).map(called).join(', '),
    ];
    if (act === 'ask') return `ask the handler about ${one}`;
    if (act === 'befall') return `let ${one} become ${CAUSES[more % CAUSES.length]!.id}`;
    if (act === 'relieve') return `end what has befallen ${one}`;
    if (act === 'move') return `migrate ${list}`;
    return act === 'no-room' ? `migrate ${list}, with no room` : `migrate ${list}, and stop at pause ${more % 13}`;
  }

  /** Ends all that has befallen pages, and looks at whatever names them. */
  checkAll(): void {
    const { machine } = this.#world;
    for (const page of this.#pages) this.#relieve(page);
    const now = recordsOf(
      machine,
      this.#pages.map(({ pfn }) => pfn),
    );
    for (const [i, page] of this.#pages.entries()) {
      const lost = differences(page.record, now[i]!, EVERYTHING);
      check(lost.length === 0, `${called(page)} is not what it was: ${lost.join('; ')}`);
    }
    checkWhole(this.#world);
  }

  #listOf({ page, more }: Operation): ModelPage[] {
    const nr = Math.min(this.#pages.length, 1 + (more % TOGETHER));
    return Array.from({ length: nr }, (_, i) => this.#pages[(page + i) % this.#pages.length]!);
  }

  #ask(page: ModelPage): void {
    const { handler, machine } = this.#world;
    const { pfn, claimed, refusal, references } = page;
    checkSame(handler.claims(machine.flags[pfn]!), claimed, `whether ${called(page)} is claimed`);
    checkSame(handler.refuses(pfn), refusal, `what refuses says of ${called(page)}`);
    checkSame(handler.references(pfn), references, `references of ${called(page)}`);
  }

  #befall(page: ModelPage, { more }: Operation): void {
    const { machine } = this.#world;
    const cause = CAUSES[more % CAUSES.length]!;
    if (page.cause !== null || !cause.befall(this.#world, page.pfn)) return;
    page.cause = cause;
    page.frame = takeFrame(machine, page.pfn);
  }

  #relieve(page: ModelPage): void {
    if (page.cause === null) return;
    page.cause.relieve(this.#world, page.pfn);
    page.cause = null;
    const { flags, count, mapcount, index } = page.record;
    page.frame = { ...page.frame, flags, count, mapcount, index };
  }

  #goes({ cause, refusal }: ModelPage): boolean {
    return cause === null && refusal === 0;
  }

  #move(pages: readonly ModelPage[], isSync: boolean): void {
    const goes = pages.map((page) => this.#goes(page));
    const report = migrate(
      this.#world,
      pages.map(({ pfn }) => pfn),
      isSync ? MIGRATE_SYNC : MIGRATE_ASYNC,
    );
    for (const [i, page] of pages.entries()) {
      const at = report.sources.indexOf(page.pfn);
      check(
        goes[i] === at >= 0,
        `${called(page)} ${at >= 0 ? 'went, though it is kept' : `stayed (${whyOf(report)})`}`,
      );
      if (at >= 0) page.pfn = report.targets[at]!;
    }
    this.#world.host.drain();
  }

  #moveInVain(pages: readonly ModelPage[]): void {
    const { host } = this.#world;
    const all = { start: 0, end: host.layout.nrPfns };
    host.isolateRange(all);
    const report = migrate(
      this.#world,
      pages.map(({ pfn }) => pfn),
      MIGRATE_ASYNC,
    );
    host.undoIsolateRange(all);
    checkSame(report.migrated, 0, 'the number of pages that went where there is no room');
  }

  /** Whoever has passed the freeze arrives, everybody else is where it was: it is found by what names it. */
  #stop(pages: readonly ModelPage[], nrPauses: number): void {
    const { service, machine, host } = this.#world;
    const pfns = Uint32Array.from(pages, ({ pfn }) => pfn).sort();
    const steps = service.steps({ pfns, mode: MIGRATE_ASYNC, sparedOrder: MAX_PAGE_ORDER + 1 });
    for (let pause = 0; pause < nrPauses; pause++) if (steps.next().done === true) break;
    steps.return(undefined as never);
    host.drain();
    for (const page of pages) {
      if (!this.#goes(page)) continue;
      const pfn = findAgain(machine, page.record);
      check(pfn >= 0, `stopped after ${nrPauses} pauses, nothing names ${called(page)} any more`);
      page.pfn = pfn;
    }
  }

  #checkFrame(page: ModelPage): void {
    const lost = sameFrame(this.#world.machine, page.frame, page.pfn);
    check(lost === null, `${called(page as FixturePage)} should be as it was, but ${lost}`);
  }
}

function whyOf({ refused: [first] }: ReturnType<typeof migrate>): string {
  return first === undefined ? 'and nothing says why' : `${first.handler}: ${first.reason}`;
}
