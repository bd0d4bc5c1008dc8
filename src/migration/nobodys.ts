import type { PageTypeHandler } from '../handler/page-type-handler.js';
import {
  FREE_FLAGS,
  formatFlags,
  PG_BUDDY,
  PG_NOPAGE,
  PG_PCP,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
} from '../mm/page-flags.js';

/** Pages with one of these are no page type's: there is no owner who could let them move. */
export const NOBODYS = FREE_FLAGS | PG_NOPAGE | PG_RESERVED | PG_SLAB | PG_PGTABLE;

/** Flags as such pages have them. No flag at all is the kernel's own memory: stacks, modules, what drivers allocate. */
const EXAMPLES: readonly (readonly [what: string, flags: number])[] = [
  ['free pages', PG_BUDDY],
  ['free pages of a per-CPU list', PG_PCP],
  ['pages that do not exist', PG_NOPAGE],
  ['reserved pages', PG_RESERVED],
  ['slab pages', PG_SLAB],
  ['page tables', PG_PGTABLE],
  ['kernel memory', 0],
];

/** What a handler claims that is nobody's; null if it is modest. */
export function claimsTooMuch(handler: PageTypeHandler): string | null {
  for (const [what, flags] of EXAMPLES) if (handler.claims(flags)) return `${what} (flags ${formatFlags(flags)})`;
  return null;
}
