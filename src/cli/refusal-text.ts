import type { RefusalCount } from '../migration/migration-report.js';
import type { Palette } from './palette.js';
import { countOf, formatPfns, wrap } from './wording.js';

const WIDTH = 80;
/** So many pages of a reason are named in a text; JSON has as many as the report names. */
const PFNS = 5;

/** Three lines to each reason: how many pages, why, and which. */
export function refusalText(refusals: readonly RefusalCount[], palette: Palette): string[] {
  return refusals.flatMap(({ reason, kind, handler, because, pages, pfns }) => {
    const willPass = kind === 'retry' ? 'may pass' : 'permanent';
    const sign = kind === 'retry' ? '↻' : palette.bad('✗');
    const lines = [
      `  ${sign} ${palette.bold(reason)}  ${countOf(pages, 'page')} ${palette.dim(`(${willPass}; ${handler})`)}`,
      `    ${wrap(because, WIDTH - 4, '    ')}`,
    ];
    if (pfns.length > 0) lines.push(`    ${palette.dim(formatPfns(pfns, pages, PFNS))}`);
    return lines;
  });
}
