import type { KindOfPlainPage } from '../host/bulk-mover.js';
import {
  DMA_PINNED,
  PG_ANON,
  PG_BUDDY,
  PG_HEAD,
  PG_HUGE,
  PG_HWPOISON,
  PG_ISOLATED,
  PG_KSM,
  PG_LOCKED,
  PG_LRU,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_NONLINEAR,
  PG_NOPAGE,
  PG_OFFLINE,
  PG_PCP,
  PG_PRIVATE,
  PG_RESERVED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';

/** What a page must have of these is PG_LRU alone: whoever has another one is in somebody's hands, or moves otherwise. */
const NOT_PLAIN_FLAGS =
  PG_LRU |
  PG_LOCKED |
  PG_WRITEBACK |
  PG_ISOLATED |
  PG_KSM |
  PG_SWAPCACHE |
  PG_UNEVICTABLE |
  PG_MLOCKED |
  PG_NONLINEAR |
  DMA_PINNED |
  PG_MOVABLE_OPS |
  PG_HEAD |
  PG_TAIL |
  PG_HUGE |
  PG_HWPOISON |
  PG_OFFLINE |
  PG_NOPAGE |
  PG_RESERVED |
  PG_BUDDY |
  PG_PCP;

/** Flags of a page that is not plain; otherwise so many references are the page cache's, for its slot and its buffers. */
export const NOT_PLAIN = 0xff;

const imul = Math.imul;
const SLOT_BITS = 6;

/**
 * What has been found out about words of flags: handlers are asked once about each, not about each page. A word that
 * falls into another's place takes it.
 */
export interface KnownFlags {
  kindOf: KindOfPlainPage | null;
  readonly flags: Uint32Array;
  readonly references: Uint8Array;
}

export function createKnownFlags(): KnownFlags {
  return {
    kindOf: null,
    flags: new Uint32Array(1 << SLOT_BITS),
    references: new Uint8Array(1 << SLOT_BITS).fill(NOT_PLAIN),
  };
}

/** Forgets what somebody else has said. That no flags at all are not plain is known from the beginning. */
export function ask(known: KnownFlags, kindOf: KindOfPlainPage): void {
  if (known.kindOf === kindOf) return;
  known.kindOf = kindOf;
  known.flags.fill(0);
  known.references.fill(NOT_PLAIN);
}

/** Where a word of flags is looked for in `known.flags`. */
export function placeOfFlags(flags: number): number {
  return imul(flags, 0x9e3779b1) >>> (32 - SLOT_BITS);
}

/** Finds out about a word that is not in its place. */
export function learn(known: KnownFlags, flags: number): void {
  const at = placeOfFlags(flags);
  const isAnonymous = (flags & PG_ANON) !== 0;
  const isPlain =
    (flags & NOT_PLAIN_FLAGS) === PG_LRU && known.kindOf!(flags) === (isAnonymous ? 'anonymous' : 'page-cache');
  known.flags[at] = flags;
  known.references[at] = !isPlain ? NOT_PLAIN : isAnonymous ? 0 : (flags & PG_PRIVATE) !== 0 ? 2 : 1;
}
