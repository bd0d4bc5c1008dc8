import type { MigrateMode, MovableOperations, PageTypeHandler, PageView, Pfn } from 'vacate/handler';
import { definePageType, EAGAIN, PG_MOVABLE_OPS } from 'vacate/handler';

const DMA_ACTIVE = 1;
const RELEASED = 2;

/** The driver of a network card: the card writes to the pages of its ring by itself, wherever its descriptors lead. */
export class RingDriver implements MovableOperations {
  readonly driver = 'ring';
  /** Pages that the card has at the moment. */
  readonly inTransfer = new Set<Pfn>();

  constructor(readonly descriptors: Pfn[] = []) {}

  isolatePage(page: Pfn): boolean {
    return !this.inTransfer.has(page);
  }

  /** A transfer may have begun since it parted with the page; from here on it finds the page locked. */
  migratePage(target: Pfn, source: Pfn): number {
    if (this.inTransfer.has(source)) return EAGAIN;
    const at = this.descriptors.indexOf(source);
    if (at >= 0) this.descriptors[at] = target;
    return 0;
  }

  putbackPage(): void {}
}

/** Pages of the ring: they move between two transfers, never during one. */
class RingBufferHandler implements PageTypeHandler {
  constructor(
    private readonly pages: PageView,
    private readonly ring: RingDriver,
  ) {}

  claims(flags: number): boolean {
    return (flags & PG_MOVABLE_OPS) !== 0;
  }

  refuses(page: Pfn): number {
    if (this.ring.inTransfer.has(page)) return DMA_ACTIVE;
    return this.pages.inCache(page) ? 0 : RELEASED;
  }

  /** The ring's own. */
  references(): number {
    return 1;
  }

  /** As isolate_movable_page does: a reference first, then the driver is asked to part with the page. */
  isolate(page: Pfn): number {
    const code = this.pages.isolateFromDriver(page, RELEASED);
    if (code !== 0 || this.ring.isolatePage(page)) return code;
    this.pages.putbackToDriver(page);
    return DMA_ACTIVE;
  }

  /** All or nothing: the pool that the pages are from may say no, and then the card is told nothing. */
  migrate(source: Pfn, target: Pfn, mode: MigrateMode): number {
    if (!this.ring.isolatePage(source)) return DMA_ACTIVE;
    const pool = this.pages.movableOps?.(source) ?? null;
    if (pool === null || pool.migratePage(target, source, mode) !== 0) return RELEASED;
    return this.ring.migratePage(target, source) === 0 ? 0 : DMA_ACTIVE;
  }

  putback(page: Pfn): void {
    this.ring.putbackPage();
    this.pages.putbackToDriver(page);
  }
}

/** The page type, for a driver that says which pages its card has at the moment. */
export const ringBuffer = (ring: RingDriver) =>
  definePageType({
    name: 'ring-buffer',
    api: 1,
    order: 'pre', // before movable-ops, which would take every page that a driver can move
    claims: 'pages of the ring of a network card',
    refusals: [
      null,
      { id: 'dma-active', kind: 'retry', because: 'the device is transferring it' },
      { id: 'released', kind: 'retry', because: 'the ring has let go of it' },
    ],
    create: (pages) => new RingBufferHandler(pages, ring),
  });

/** For `--plugin`: a ring whose device is idle. */
export default ringBuffer(new RingDriver());
