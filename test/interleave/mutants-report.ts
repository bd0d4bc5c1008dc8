import type { Verdict } from './mutants-find.js';
export function readmeOf(verdicts: readonly Verdict[]): string {
  return `${verdicts.length}\n`;
}
