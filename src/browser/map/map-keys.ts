import { cursor, fitAll, layout } from '../state.js';
import { askAbout, moveCursor, panBy, showRange, zoomIn, zoomOut } from './moves.js';

const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const PAN_PIXELS = 60;
const FAR = 8;

/** Keys that mean something while the map has the focus. */
export function mapKey(event: KeyboardEvent): void {
  if (!isHeard(event)) return;
  event.preventDefault();
  event.stopPropagation();
}

function isHeard({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const arrow = ARROWS[key];
  if (arrow !== undefined && !altKey && !metaKey) {
    if (ctrlKey) panBy(-arrow[0] * PAN_PIXELS, -arrow[1] * PAN_PIXELS);
    else moveCursor(arrow[0], arrow[1], shiftKey ? FAR : 1);
    return true;
  }
  if (ctrlKey || metaKey || altKey) return false;
  if (key === '+' || key === '=') zoomIn();
  else if (key === '-' || key === '_') zoomOut();
  else if (key === '0' || key === 'f' || key === 'F') fitAll();
  else if (key === 'b' || key === 'B') showBlock();
  else if (key === 'Enter' && cursor.value !== null) askAbout(cursor.value);
  else return false;
  return true;
}

export function showBlock(): void {
  if (layout.value === null || cursor.value === null) return;
  const { blockPages } = layout.value;
  const start = Math.floor(cursor.value / blockPages) * blockPages;
  showRange(start, start + blockPages);
}
