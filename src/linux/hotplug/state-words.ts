/** What a memory block's `state` takes; chmem of util-linux writes the same. */
export type StateWord = 'offline' | 'online' | 'online_movable' | 'online_kernel';

/** Where memory is to go when it comes online. */
export type WantedZone = 'movable' | 'kernel';

/** The word that brings a block back into the zone it had; `online` where the kernel never said which. */
export function wordBackTo(zone: string | null): StateWord {
  if (zone === null) return 'online';
  return zone === 'Movable' ? 'online_movable' : 'online_kernel';
}

/**
 * The word that brings an offline block online, as chmem chooses it: into zone Movable if the block may go there and
 * nobody wants otherwise. `zones` are those of the block's valid_zones; null for a kernel that does not show them.
 * Null if the block may not go where it is wanted.
 */
export function wordOnline(wanted: WantedZone | null, zones: readonly string[] | null): StateWord | null {
  if (zones === null) return wanted === null ? 'online' : wanted === 'movable' ? 'online_movable' : 'online_kernel';
  const isMovable = zones.includes('Movable');
  if (wanted === 'movable') return isMovable ? 'online_movable' : null;
  if (wanted === 'kernel') return zones.some((zone) => zone !== 'Movable') ? 'online_kernel' : null;
  return isMovable ? 'online_movable' : 'online';
}
