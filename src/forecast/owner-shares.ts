import type { PageOwner, PageOwners } from '../mm/page-owners.js';
import type { Pfn } from '../mm/units.js';
import type { OwnerShare } from './verdict.js';

/** Who has these pages, most pages first. Owners of one process and mapping are one, wherever they were found. */
export function ownersIn(owners: PageOwners, pfns: Iterable<Pfn>): OwnerShare[] {
  const seen = new Map<PageOwner, number>();
  for (const pfn of pfns) for (const owner of owners.ownersOf(pfn)) seen.set(owner, (seen.get(owner) ?? 0) + 1);
  const shares = new Map<string, OwnerShare>();
  for (const [owner, pages] of seen) {
    const key = JSON.stringify([owner.pid, owner.mapping, owner.cgroup]);
    shares.set(key, { ...owner, pages: pages + (shares.get(key)?.pages ?? 0) });
  }
  return [...shares.values()].sort((a, b) => b.pages - a.pages);
}
