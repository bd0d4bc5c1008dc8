import type { RangeMoment } from '../../recording/timeline.js';
import { showRange } from '../map/moves.js';
import { goToMoment } from '../run/player.js';
import { describeRangeEvent, formatMs, rangeOfEvent } from '../run/words.js';
import { firstPicture, layout } from '../state.js';

/** More nobody reads; the time line has them all. */
const LISTED_MAX = 300;

/** Range events in order; each goes to its moment and shows its pages. */
export function EventList() {
  const events = firstPicture.value?.rangeEvents.value ?? [];
  const passed = firstPicture.value?.progress.value?.nrRangeEventsPassed ?? 0;
  const first = Math.max(0, Math.min(passed - LISTED_MAX / 2, events.length - LISTED_MAX));
  return (
    <details class="panel" open>
      <summary>
        <h2>Range events</h2> <span class="amount">{events.length.toLocaleString('en')}</span>
      </summary>
      {events.length === 0 && <p class="quiet">None yet.</p>}
      <ol class="events">
        {events.slice(first, first + LISTED_MAX).map((event, index) => (
          <li key={event.moment} class={first + index < passed ? 'passed' : ''}>
            <button
              type="button"
              aria-current={first + index === passed - 1 ? 'step' : undefined}
              onClick={() => visit(event)}
            >
              <time>{formatMs(event.ms)}</time> {describeRangeEvent(event.event)}
            </button>
          </li>
        ))}
      </ol>
      {events.length > LISTED_MAX && (
        <p class="quiet">
          {LISTED_MAX} of {events.length.toLocaleString('en')}, those around this moment.
        </p>
      )}
    </details>
  );
}

function visit({ moment, event }: RangeMoment): void {
  goToMoment(moment);
  const range = layout.value === null ? null : rangeOfEvent(event, layout.value.blockPages);
  if (range !== null) showRange(range.start, range.end);
}
