import {
  DMA_PINNED,
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_ANON,
  PG_HEAD,
  PG_HWPOISON,
  PG_NONLINEAR,
  PG_PRIVATE,
  PG_SWAPCACHE,
  PG_TAIL,
} from 'vacate/handler';
import { LONGTERM_PIN, TRANSFER } from './refusals.js';

/** Pinned pages that somebody else refuses all the same, or that have a say only together. */
const OTHERS = PG_HWPOISON | PG_NONLINEAR | PG_HEAD | PG_TAIL;

/** Exists only to refuse well: the device knows the address of the frame, and nobody can tell it another one. */
export class DevicePinnedHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (DMA_PINNED | OTHERS)) === DMA_PINNED;
  }

  refuses(page: Pfn): number {
    return this.pages.longtermPinned?.(page) === true ? LONGTERM_PIN : TRANSFER;
  }

  /** A cache's, if one has it, and one more for buffers. The device's are none of its owner's: they are why it stays. */
  references(page: Pfn): number {
    const flags = this.pages.flags(page);
    const isCached = (flags & (PG_ANON | PG_SWAPCACHE)) !== PG_ANON && this.pages.inCache(page);
    return (isCached ? 1 : 0) + ((flags & PG_PRIVATE) === 0 ? 0 : 1);
  }

  isolate(page: Pfn): number {
    return this.refuses(page);
  }

  migrate(source: Pfn): number {
    return this.refuses(source);
  }

  putback(): void {
    // Nothing is ever isolated. A page that is pinned while it is in hand goes back by whoever isolated it.
  }
}
