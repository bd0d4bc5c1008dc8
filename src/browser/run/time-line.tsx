import { firstPicture, pictures } from '../state.js';
import {
  goLive,
  goTo,
  isLive,
  isOver,
  isPlaying,
  msTotal,
  pace,
  pause,
  position,
  SPEEDS,
  speed,
  step,
  togglePlay,
} from './player.js';
import { describeEvent, describeRunState } from './run-words.js';
import { describeRangeEvent, formatMs } from './words.js';

/** More marks than this are a bar. */
const MARKS_MAX = 400;
const SLIDER_STEPS = 2000;

/** The run from its beginning to its end: play, pause, step, scrub. */
export function TimeLine() {
  const progress = firstPicture.value?.progress.value ?? null;
  const share = position.value;
  return (
    <section class="time" aria-label="Time line">
      <div class="controls">
        <button type="button" aria-label="Back to the range event before" onClick={() => step('range-event', -1)}>
          <Icon path="M3 3v10M13 3 6 8l7 5z" />
        </button>
        <button type="button" aria-label="One page event back" onClick={() => step('event', -1)}>
          <Icon path="M12 3 5 8l7 5z" />
        </button>
        <button type="button" class="main" aria-label={isPlaying.value ? 'Pause' : 'Play'} onClick={togglePlay}>
          <Icon path={isPlaying.value ? 'M4 3h3v10H4zM9 3h3v10H9z' : 'M4 2.5v11L13.5 8z'} />
        </button>
        <button type="button" aria-label="One page event forward" onClick={() => step('event', 1)}>
          <Icon path="M4 3l7 5-7 5z" />
        </button>
        <button type="button" aria-label="On to the next range event" onClick={() => step('range-event', 1)}>
          <Icon path="M3 3l7 5-7 5zM13 3v10" />
        </button>
        <label class="choice">
          <span class="hidden">Speed</span>
          <select
            aria-label="Speed"
            value={String(speed.value)}
            onChange={({ currentTarget }) => {
              speed.value = Number(currentTarget.value);
            }}
          >
            {SPEEDS.map((value) => (
              <option key={value} value={String(value)}>
                {value}×
              </option>
            ))}
          </select>
        </label>
        {pictures.value.length > 1 && <PaceChoice />}
        {!isOver.value && (
          <button type="button" class={isLive.value ? 'live on' : 'live'} aria-pressed={isLive.value} onClick={goLive}>
            Live
          </button>
        )}
        <output class="where" title={describeEvent(progress)}>
          {describeRunState(progress)} <span class="amount">of {formatMs(msTotal.value)}</span>
        </output>
      </div>
      <div class="track">
        <input
          type="range"
          min={0}
          max={SLIDER_STEPS}
          value={Math.round(share * SLIDER_STEPS)}
          aria-label="Moment of the run"
          aria-valuetext={`${Math.round(share * 100)} percent, ${describeRunState(progress)}`}
          onInput={({ currentTarget }) => {
            pause();
            goTo(Number(currentTarget.value) / SLIDER_STEPS);
          }}
        />
        <Marks />
      </div>
    </section>
  );
}

function PaceChoice() {
  return (
    <label class="choice">
      <span class="hidden">In step by</span>
      <select
        aria-label="In step by"
        value={pace.value}
        onChange={({ currentTarget }) => {
          pace.value = currentTarget.value === 'time' ? 'time' : 'share';
        }}
      >
        <option value="share">by share of events</option>
        <option value="time">by time</option>
      </select>
    </label>
  );
}

/** Range events, where they happened; the list beside the map has them for keys and for reading aloud. */
function Marks() {
  const picture = firstPicture.value;
  const length = picture?.progress.value?.length ?? 0;
  const events = picture?.rangeEvents.value ?? [];
  if (length === 0) return null;
  const every = Math.max(1, Math.ceil(events.length / MARKS_MAX));
  return (
    <svg class="marks" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
      {events
        .filter((_, index) => index % every === 0)
        .map(({ moment, ms, event }) => {
          const share = pace.value === 'share' ? moment / length : ms / Math.max(1, msTotal.value);
          return (
            <rect key={moment} class={`mark mark-${event.kind}`} x={share * 1000 - 1} y={0} width={2} height={8}>
              <title>{describeRangeEvent(event)}</title>
            </rect>
          );
        })}
    </svg>
  );
}

function Icon({ path }: { readonly path: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
