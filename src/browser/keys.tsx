import { useEffect } from 'preact/hooks';
import { COLOURINGS } from '../picture/colourings.js';
import { visitNextRefused } from './map/next-refused.js';
import { goTo, hasRun, pause, step, togglePlay } from './run/player.js';
import { colouring } from './state.js';

/** Keys that mean the same wherever the focus is, except where letters are written or chosen from. */
export function GlobalKeys() {
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const on = event.target as HTMLElement;
      if (on.closest('input:not([type=range]), select, textarea, dialog') !== null) return;
      // A button is pressed by the space bar, and a slider goes home by its own keys.
      if (event.key === ' ' && on.closest('button, summary, a') !== null) return;
      if (on.closest('input[type=range]') !== null && event.key !== ' ') return;
      if (isHeard(event.key)) event.preventDefault();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  }, []);
  return null;
}

function isHeard(key: string): boolean {
  const mode = COLOURINGS[Number(key) - 1];
  if (mode !== undefined) colouring.value = mode;
  else if (key === 'g' || key === 'G') document.getElementById('go-to')?.focus();
  else if (key === 'r' || key === 'R') visitNextRefused();
  else return hasRun.value && isOfRun(key);
  return true;
}

function isOfRun(key: string): boolean {
  if (key === ' ') togglePlay();
  else if (key === ',') step('event', -1);
  else if (key === '.') step('event', 1);
  else if (key === '<') step('batch', -1);
  else if (key === '>') step('batch', 1);
  else if (key === '[') step('range-event', -1);
  else if (key === ']') step('range-event', 1);
  else if (key === 'Home' || key === 'End') {
    pause();
    goTo(key === 'Home' ? 0 : 1);
  } else return false;
  return true;
}
