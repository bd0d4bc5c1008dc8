import { computed, effect, signal } from '@preact/signals';
import type { Place } from '../picture/messages.js';
import type { PictureClient } from '../picture/picture-client.js';
import { MACHINE_PATH, pictures, session } from '../state.js';

/** How two runs keep step: at the same part of what each does, or at the same time. */
export type Pace = 'share' | 'time';

/** At speed 1 a run takes so long, whatever it took: most are over in less than anybody can see. */
const RUN_SECONDS = 20;
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8] as const;

export const pace = signal<Pace>('share');
export const speed = signal<number>(1);
export const isPlaying = signal(false);

/** Milliseconds of the longest of the runs. */
export const msTotal = computed(() =>
  Math.max(0, ...pictures.value.map(({ progress }) => progress.value?.msTotal ?? 0)),
);
/** A machine has a moment or two as well, when what is seen of it at first turns out to be otherwise. */
const isOfRun = ({ path }: PictureClient): boolean => path !== MACHINE_PATH || session.value?.shows === 'run';
export const hasRun = computed(() =>
  pictures.value.some((picture) => (picture.progress.value?.length ?? 0) > 0 && isOfRun(picture)),
);
export const isLive = computed(() => pictures.value.some(({ progress }) => progress.value?.isLive === true));
/** Still to come is only what a run without an end may yet do. */
export const isOver = computed(() => pictures.value.every(({ progress }) => progress.value?.end != null));

/** From 0 to 1: where the runs stand. While somebody plays or scrubs, it is this that leads. */
const led = signal<number | null>(null);
export const position = computed(() => {
  if (led.value !== null) return led.value;
  const progress = pictures.value[0]?.progress.value ?? null;
  if (progress === null || progress.length === 0) return 0;
  return pace.value === 'share' ? progress.moment / progress.length : progress.ms / Math.max(1, msTotal.value);
});

export function goTo(share: number): void {
  const clamped = Math.max(0, Math.min(share, 1));
  led.value = clamped;
  seek(pace.value === 'share' ? { by: 'share', share: clamped } : { by: 'time', ms: clamped * msTotal.value });
}

export function goToTime(ms: number): void {
  pause();
  led.value = null;
  seek({ by: 'time', ms });
}

export function goToMoment(moment: number): void {
  pause();
  const [first, ...others] = pictures.value;
  led.value = null;
  first?.ask({ kind: 'seek', to: { by: 'moment', moment } });
  const length = first?.progress.value?.length ?? 0;
  for (const other of others)
    other.ask({ kind: 'seek', to: { by: 'share', share: length === 0 ? 0 : moment / length } });
}

export function goLive(): void {
  pause();
  led.value = null;
  seek({ by: 'live' });
}

export function step(unit: 'event' | 'batch' | 'range-event', direction: 1 | -1): void {
  pause();
  led.value = null;
  for (const picture of pictures.value) picture.ask({ kind: 'step', unit, direction });
}

function seek(to: Place): void {
  for (const picture of pictures.value) picture.ask({ kind: 'seek', to });
}

export function pause(): void {
  isPlaying.value = false;
}

export function play(): void {
  if (position.value >= 1) led.value = 0;
  else led.value = position.value;
  isPlaying.value = true;
}

export function togglePlay(): void {
  if (isPlaying.value) pause();
  else play();
}

let lastFrame = 0;

function frame(now: number): void {
  if (!isPlaying.value) return;
  const passed = Math.min(100, now - lastFrame) / 1000;
  lastFrame = now;
  goTo(position.value + (passed * speed.value) / RUN_SECONDS);
  if (position.value >= 1) pause();
  else requestAnimationFrame(frame);
}

effect(() => {
  if (!isPlaying.value) return;
  lastFrame = performance.now();
  requestAnimationFrame(frame);
});

/** Other runs, another position. */
effect(() => {
  void pictures.value;
  led.value = null;
  isPlaying.value = false;
});
