import { PHASES } from './kind.js';
import { KINDS } from './kinds.js';
import type { Cell } from './schedules.js';

/** Kind by phase, with how often each struck; a dash where it cannot, and below why. */
export function matrixText(cells: readonly Cell[]): string {
  const width = Math.max(...KINDS.map(({ name }) => name.length));
  const column = (text: string): string => text.padStart(9);
  const lines = [`${' '.repeat(width)}${PHASES.map(column).join('')}`];
  const reasons = new Map<string, string[]>();
  for (const { name, never } of KINDS) {
    const counts = PHASES.map(
      (phase) => cells.find(({ kind, phase: at }) => kind.name === name && at === phase)?.count,
    );
    lines.push(`${name.padEnd(width)}${counts.map((count) => column(`${count ?? '-'}`)).join('')}`);
    if (never !== undefined) reasons.set(never.because, [...(reasons.get(never.because) ?? []), name]);
  }
  for (const [because, names] of reasons) lines.push(`- ${names.join(', ')}: ${because}`);
  return `${lines.join('\n')}\n`;
}
