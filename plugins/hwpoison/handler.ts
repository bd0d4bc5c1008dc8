import { type PageTypeHandler, PG_HWPOISON } from 'vacate/handler';
import { POISONED } from './refusals.js';

/** Pages with a memory error: nobody may read them any more, so there is nothing that could move. */
export class HwpoisonHandler implements PageTypeHandler {
  claims(flags: number): boolean {
    return (flags & PG_HWPOISON) !== 0;
  }

  refuses(): number {
    return POISONED;
  }

  /** None: its owner has lost it. The reference that it has keeps it from being handed out. */
  references(): number {
    return 0;
  }

  isolate(): number {
    return POISONED;
  }

  migrate(): number {
    return POISONED;
  }

  putback(): void {
    // Nothing is ever isolated.
  }

  /** Nobody will miss what it held. */
  staysWhenOffline(): boolean {
    return true;
  }
}
