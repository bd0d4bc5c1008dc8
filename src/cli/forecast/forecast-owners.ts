import { readOwners } from '../../capture/index.js';
import { findAllOwners } from '../../linux/owners/owners.js';
import type { PageOwners } from '../../mm/page-owners.js';
import type { Context } from '../context.js';
import type { LookedAt } from '../open-to-look.js';

/**
 * Whose pages they are: as a capture says that was taken with --owners, or by a look at all processes of this host, which
 * takes a while and is done only on demand. Null if it is not known.
 *
 * @throws VacateError kind 'capture' if what a capture says makes no sense.
 */
export async function ownersOf(
  context: Pick<Context, 'progress' | 'interrupts'>,
  open: LookedAt,
  wanted: boolean,
): Promise<PageOwners | null> {
  const { tree, captured, host } = open;
  if (captured === null) return null;
  if (tree === null) return readOwners(captured.files);
  if (!wanted) return null;
  const { progress, interrupts } = context;
  try {
    const { sets, pages } = await findAllOwners(tree, host.layout.nrPfns, {
      signal: interrupts.signal,
      onProgress: (done, total) => progress.update({ label: 'asking processes', done, total, unit: 'processes' }),
    });
    return { ownersOf: (pfn) => sets.ownersIn(pages[pfn] ?? 0) };
  } finally {
    progress.stop();
    await interrupts.breathe();
  }
}
