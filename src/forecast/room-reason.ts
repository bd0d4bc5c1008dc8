import { formatPages } from '../mm/units.js';
import type { BareReason } from './block-rule.js';
import type { RoomForecast } from './verdict.js';

/**
 * What missing room does. The kernel reclaims for its targets, so clean page cache makes room for sure and swap may; with
 * neither, offlining tries for ever and moves nothing.
 */
export function roomReason(pagesToMove: number, { missing, cache, swappable }: RoomForecast): BareReason | null {
  if (missing === 0) return null;
  const lack = `${formatPages(pagesToMove)} must move, and ${formatPages(missing)} of it have no free page to go to`;
  const common = { kind: 'retry', pages: missing, pfns: [], waitingHelps: true } as const;
  if (missing <= cache) {
    const because = `${lack}: the kernel will drop as much clean page cache (it has ${formatPages(cache)})`;
    return { ...common, reason: 'cache-for-room', decides: null, because, waiting: 'nothing has to happen' };
  }
  const waiting = 'free memory elsewhere, add swap, or take fewer blocks';
  if (missing <= cache + swappable) {
    const because = `${lack}: whether the kernel gets it by swapping out (${formatPages(swappable)} could be), only trying shows`;
    return { ...common, reason: 'swap-for-room', decides: 'cannot-know', because, waiting };
  }
  const because = `${lack}, nor could reclaim make room for them: the kernel would try for ever`;
  return { ...common, reason: 'no-room', decides: 'will-not-go', because, waiting };
}
