import { layout } from '../state.js';
import { goToPage, showRange } from './moves.js';

/** The cursor goes to the first page of a block, and the block fills the map. */
export function visitBlock(block: number): void {
  if (layout.value === null) return;
  const start = block * layout.value.blockPages;
  goToPage(start, false);
  showRange(start, start + layout.value.blockPages);
}
