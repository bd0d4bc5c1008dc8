import { definePageType, type PageTypeHandler, type PageView, type Pfn, PG_MOVABLE_OPS } from 'vacate/handler';

const DMA_ACTIVE = 1;
const RELEASED = 2;

/** Pages of a network card's ring: they move between two transfers, never during one. */
class RingBufferHandler implements PageTypeHandler {
  constructor(
    private readonly pages: PageView,
    private readonly inTransfer: ReadonlySet<Pfn>,
  ) {}

  claims(flags: number): boolean {
    return (flags & PG_MOVABLE_OPS) !== 0;
  }

  refuses(page: Pfn): number {
    if (this.inTransfer.has(page)) return DMA_ACTIVE;
    return this.pages.inCache(page) ? 0 : RELEASED;
  }

  /** The ring's own. */
  references(): number {
    return 1;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromDriver(page, RELEASED);
  }

  /** A transfer may have begun since the page was asked; from here on the driver finds it locked. */
  migrate(source: Pfn, target: Pfn): number {
    if (this.inTransfer.has(source)) return DMA_ACTIVE;
    return this.pages.moveSlot(source, target) ? 0 : RELEASED;
  }

  putback(page: Pfn): void {
    this.pages.putbackToDriver(page);
  }
}

/** The page type, for a driver that says which pages its device has at the moment. */
export const ringBuffer = (inTransfer: ReadonlySet<Pfn>) =>
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
    create: (pages) => new RingBufferHandler(pages, inTransfer),
  });

/** For `--plugin`: a ring whose device is idle. */
export default ringBuffer(new Set());
