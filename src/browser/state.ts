import { computed, effect, signal } from '@preact/signals';
import { BLOCK_ABSENT } from '../mm/memory-block.js';
import type { ColouringName } from '../picture/colourings.js';
import { layOut, type MapLayout } from '../picture/map-layout.js';
import type { MapView } from '../picture/raster.js';
import { fitMap, type Screen } from './map/camera.js';
import { PictureClient } from './picture/picture-client.js';
import { getRuns, getSession, type RunEntry, type Session } from './server.js';

/** What is shown, and how: one signal for each thing that a control may change. */

export const session = signal<Session | null>(null);
export const sessionError = signal<string | null>(null);
export const runs = signal<readonly RunEntry[]>([]);

/** A machine or a run, or two runs side by side. */
export const pictures = signal<readonly PictureClient[]>([]);
export const firstPicture = computed(() => pictures.value[0] ?? null);

export const colouring = signal<ColouringName>('type');

/** The screen of one map; two lie side by side and are alike. */
export const screen = signal<Screen>({ width: 0, height: 0 });
export const view = signal<MapView>({ x: 0, y: 0, scale: 1 });
/** True while all of a map is to be seen, whatever becomes of the window. */
export const isFitted = signal(true);

/** The page that the pointer is over, or the keyboard's cursor is on. */
export const cursor = signal<number | null>(null);
/** The page that was asked about, and stays until another is. */
export const pinned = signal<number | null>(null);

/** Headers are alike while the machine is: only what changes the plan counts. */
const machine = computed(() => firstPicture.value?.header.value?.machine ?? null);
const absent = computed(() => {
  const states = firstPicture.value?.blockStates.value;
  if (states === null || states === undefined) return '';
  const blocks: number[] = [];
  for (let block = 0; block < states.length; block++) if (states[block] === BLOCK_ABSENT) blocks.push(block);
  return blocks.join();
});
/** Plans differ by the shape of the screen, but not by every pixel of it. */
const aspect = computed(() => {
  const { width, height } = screen.value;
  return height === 0 ? 1 : 2 ** (Math.round(4 * Math.log2(Math.max(0.1, width / height))) / 4);
});

export const layout = computed<MapLayout | null>(() => {
  if (machine.value === null || screen.value.width === 0) return null;
  const missing = new Set(absent.value === '' ? [] : absent.value.split(',').map(Number));
  return layOut(machine.value, aspect.value, (block) => missing.has(block));
});

/** Everybody who paints has the same plan, looks at the same part of it, and has the same cursor. */
effect(() => {
  if (layout.value === null) return;
  for (const picture of pictures.value) picture.ask({ kind: 'layout', layout: layout.value });
});
effect(() => {
  const plan = layout.value;
  if (plan !== null && isFitted.value) view.value = fitMap(plan, screen.value);
});
effect(() => {
  for (const picture of pictures.value) picture.ask({ kind: 'view', view: view.value });
});
effect(() => {
  for (const picture of pictures.value) picture.ask({ kind: 'cursor', pfn: cursor.value });
});

export function fitAll(): void {
  isFitted.value = true;
  if (layout.value !== null) view.value = fitMap(layout.value, screen.value);
}

export function look(to: MapView): void {
  isFitted.value = false;
  view.value = to;
}

/** The first thing that happens; asked again while the machine is being opened. */
export async function openSession(): Promise<void> {
  const answer = await getSession();
  if (!answer.ok) {
    sessionError.value = answer.error;
    setTimeout(() => void openSession(), ASK_AGAIN_MS);
    return;
  }
  sessionError.value = answer.value.state === 'failed' ? answer.value.error : null;
  session.value = answer.value;
  if (pictures.value.length === 0) await showWhatTheAddressSays();
  if (answer.value.state === 'opening') setTimeout(() => void openSession(), ASK_AGAIN_MS);
}
const ASK_AGAIN_MS = 1_000;

/** Runs in the address outlive a reload: "#runs=3,4". */
async function showWhatTheAddressSays(): Promise<void> {
  const wanted = /^#runs=([\w-]+)(?:,([\w-]+))?$/.exec(location.hash);
  await refreshRuns();
  const ids = (wanted?.slice(1) ?? []).filter((id) => runs.value.some((run) => run.id === id));
  if (ids.length > 0) showRuns(ids);
  else showMachine();
}

export async function refreshRuns(): Promise<void> {
  const answer = await getRuns();
  if (!answer.ok) return;
  runs.value = answer.value.runs;
  clearTimeout(nextRefresh);
  if (runs.value.some(isGoing)) nextRefresh = setTimeout(() => void refreshRuns(), ASK_AGAIN_MS);
}
let nextRefresh: ReturnType<typeof setTimeout> | undefined;

/** It has not come to its end. */
export function isGoing({ state }: RunEntry): boolean {
  return state === 'opening' || state === 'held' || state === 'running';
}

/** Where the server has the picture of what it was started with. */
export const MACHINE_PATH = 'api/picture';
/** And that of the run that was named after it. */
const BESIDE_PATH = 'api/beside';

export function showMachine(): void {
  show(session.value?.hasBeside === true ? [MACHINE_PATH, BESIDE_PATH] : [MACHINE_PATH]);
  history.replaceState(null, '', location.pathname);
}

export function showRuns(ids: readonly string[]): void {
  show(ids.map((id) => `api/runs/${id}`));
  history.replaceState(null, '', `#runs=${ids.join(',')}`);
}

function show(paths: readonly string[]): void {
  for (const picture of pictures.value) picture.stop();
  pinned.value = null;
  pictures.value = paths.map((path) => new PictureClient(path));
}

/** The run that a picture shows; null for the machine itself. */
export function runOf(picture: PictureClient): RunEntry | null {
  return runs.value.find(({ id }) => picture.path === `api/runs/${id}`) ?? null;
}
