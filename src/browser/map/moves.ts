import { groupOf, pageAt, rectOf, tileOf } from '../../picture/map-layout.js';
import { cursor, firstPicture, isFitted, layout, look, pinned, screen, view } from '../state.js';
import { wantsLessMotion } from '../theme.js';
import { fitMap, fitRect, keepBlocksInSight, keepInSight, pan, showPage, zoom } from './camera.js';

/** What may be done with the map, by pointer, keys or buttons alike. */

const STEP = 1.5;
const GLIDE_MS = 180;

/** A factor above 1 comes nearer; without a point, to the middle of the screen. */
export function zoomBy(factor: number, at = { x: screen.value.width / 2, y: screen.value.height / 2 }): void {
  const plan = layout.value;
  if (plan === null) return;
  const least = fitMap(plan, screen.value).scale / 2;
  const to = keepInSight(zoom(view.value, factor, at, least), plan, screen.value);
  look(factor > 1 ? keepBlocksInSight(to, plan, screen.value) : to);
}

export const zoomIn = () => zoomBy(STEP);
export const zoomOut = () => zoomBy(1 / STEP);

export function panBy(x: number, y: number): void {
  if (layout.value !== null) look(keepInSight(pan(view.value, x, y), layout.value, screen.value));
}

/** Shows a range, with the blocks around it. */
export function showRange(start: number, end: number): void {
  const plan = layout.value;
  if (plan === null) return;
  const first = tileOf(plan, Math.floor(start / plan.blockPages));
  const last = tileOf(plan, Math.floor((end - 1) / plan.blockPages));
  if (first === null || last === null) return;
  const x = Math.min(first.x, last.x);
  const right = Math.max(first.x + first.width, last.x + last.width);
  const y = first.y - (plan.pitchY - plan.tileHeight);
  const group = groupOf(plan, Math.floor(start / plan.blockPages))!;
  const whole =
    first.y === last.y ? { x, width: right - x } : { x: group.left * plan.pitchX, width: group.columns * plan.pitchX };
  glideTo(fitRect({ ...whole, y, height: last.y + last.height - y }, screen.value, 24));
}

/** The cursor goes to a page, and the map with it if it must. */
export function goToPage(pfn: number, isAsked: boolean): void {
  const plan = layout.value;
  if (plan === null || rectOf(plan, pfn, 0) === null) return;
  cursor.value = pfn;
  if (isAsked) askAbout(pfn);
  const to = showPage(view.value, plan, screen.value, pfn);
  if (to !== view.value) look(to);
}

/** Near enough that a page can be seen. */
export function visitPage(pfn: number): void {
  const plan = layout.value;
  const rect = plan === null ? null : rectOf(plan, pfn, 0);
  if (rect === null) return;
  goToPage(pfn, true);
  const scale = Math.max(view.value.scale, 12);
  const { width, height } = screen.value;
  glideTo({ x: rect.x - width / scale / 2, y: rect.y - height / scale / 2, scale });
}

export function askAbout(pfn: number): void {
  pinned.value = pfn;
  firstPicture.value?.ask({ kind: 'ask-page', pfn, withStory: true });
}

/** One step of the cursor is a page, or what can be seen of pages from afar. */
export function moveCursor(x: number, y: number, times: number): void {
  const plan = layout.value;
  if (plan === null) return;
  const { width, height } = screen.value;
  const from = cursor.value === null ? null : rectOf(plan, cursor.value, 0);
  if (from === null) {
    const middle = pageAt(plan, {
      x: view.value.x + width / view.value.scale / 2,
      y: view.value.y + height / view.value.scale / 2,
    });
    goToPage(middle ?? (plan.groups[0]?.first ?? 0) * plan.blockPages, false);
    return;
  }
  const step = Math.max(1, Math.ceil(6 / view.value.scale)) * times;
  // Over gaps between tiles, and over headings.
  for (let reach = step; reach < step + plan.pitchX + plan.pitchY + plan.heading; reach += Math.max(1, step / 4)) {
    const pfn = pageAt(plan, { x: from.x + x * reach, y: from.y + y * reach });
    if (pfn === null || pfn === cursor.value) continue;
    goToPage(pfn, false);
    return;
  }
}

let glide = 0;

/** There in a moment, so that one sees where; at once for whoever wants less motion. */
function glideTo(to: { readonly x: number; readonly y: number; readonly scale: number }): void {
  const run = ++glide;
  const from = view.value;
  const begin = performance.now();
  isFitted.value = false;
  if (wantsLessMotion.value) {
    look(to);
    return;
  }
  const { width, height } = screen.value;
  const frame = (now: number) => {
    if (run !== glide) return;
    const share = Math.min(1, (now - begin) / GLIDE_MS);
    const eased = 1 - (1 - share) ** 3;
    // Evenly in powers: half of the way is between the scales, not between their numbers.
    const scale = from.scale * (to.scale / from.scale) ** eased;
    const middle = (a: number, b: number, size: number) =>
      a + size / from.scale / 2 + (b + size / to.scale / 2 - a - size / from.scale / 2) * eased - size / scale / 2;
    look(share === 1 ? to : { x: middle(from.x, to.x, width), y: middle(from.y, to.y, height), scale });
    if (share < 1) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
