import type { Manner } from '../strategy.js';
import { WATERMARK_BUGS } from './watermark.js';

/**
 * What was wrong with the posted versions, each by itself:
 * - `inverted-wakeup` (Sep 3/3): a request is dropped if its order is above the highest one asked for so far, and the low
 *   mark is not looked at. As that starts at 0, nothing above order 0 ever wakes kswapd, and order 0 always does.
 * - `order-forgotten` (Sep 3/3): kswapd compares what was asked for meanwhile with 0 instead of the order it has just
 *   served, and so does everything again before it sleeps.
 * - `subtract-wrong-order` (Sep and Oct 2/3), `unsigned-step` (Sep 2/3): see `zoneWatermarkOk`.
 * - `no-present-check` (Oct 3/3): a zone without memory is taken for one that is short of it.
 */
export const KSWAPD_SWITCHES = ['inverted-wakeup', 'order-forgotten', ...WATERMARK_BUGS, 'no-present-check'] as const;
export type KswapdSwitch = (typeof KSWAPD_SWITCHES)[number];

/** The same for people, with the modes. */
export const KSWAPD_NOTES = {
  intended: 'as corrected in October 2004 and merged',
  historical: 'as posted on 5 September 2004',
  'inverted-wakeup':
    'a wakeup is dropped if its order is above the highest one so far, so only order 0 ever wakes kswapd',
  'order-forgotten': 'kswapd forgets which order it has just served, and does everything again before it sleeps',
  'subtract-wrong-order': 'pages that are of no use at a step are counted by the order asked for instead of their own',
  'unsigned-step': 'the allocation itself is not taken off at the start, so that a zone may sink to its mark',
  'no-present-check': 'a zone without memory is taken for one that is short of it',
} as const satisfies Record<KswapdSwitch | (typeof KSWAPD_MODES)[number], string>;

/** As corrected in October 2004 and merged, or as posted on 5 September 2004. */
export const KSWAPD_MODES = ['intended', 'historical'] as const;

const SEPTEMBER_2004: readonly KswapdSwitch[] = [
  'inverted-wakeup',
  'order-forgotten',
  'subtract-wrong-order',
  'unsigned-step',
];

/** Every deviation that is on. */
export function bugsOf({ mode, switches = [] }: Manner): ReadonlySet<string> {
  return new Set(mode === 'historical' ? [...SEPTEMBER_2004, ...switches] : switches);
}
