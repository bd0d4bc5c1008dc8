import type { Finding, LintFacts, LintReport, Severity, Unknown } from '../../lint/index.js';
import type { Palette } from '../palette.js';
import { formatBlocks } from '../parse-blocks.js';
import { countOf, wrap } from '../wording.js';

const WIDTH = 80;
const INDENT = '    ';

/** Findings as people read them, the gravest first, and what could not be checked. */
export function lintText(
  name: string,
  facts: LintFacts,
  { findings, unknown }: LintReport,
  palette: Palette,
): string[] {
  const nr = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const counts = [countOf(nr('problem'), 'problem'), countOf(nr('warning'), 'warning'), countOf(nr('note'), 'note')];
  const lines = [palette.bold(`${name}: ${counts.join(', ')}.`), wrap(aboutText(facts), WIDTH)];
  for (const finding of findings) lines.push('', ...findingLines(finding, palette));
  if (unknown.length > 0) lines.push('', palette.bold('Not checked'), ...unknownLines(unknown));
  return lines;
}

function aboutText({ wanted, dimms, areDimmsGuessed }: LintFacts): string {
  if (wanted.isNamed) return `To be removable: memory blocks ${formatBlocks(wanted.blocks).replaceAll(',', ', ')}.`;
  const parts = (dimms ?? []).map((dimm) => `${dimm.name} (${formatBlocks(dimm.blocks).replaceAll(',', ', ')})`);
  if (parts.length === 0) return 'To be removable: nothing is known that can be unplugged.';
  const guess = areDimmsGuessed ? '; which memory is a DIMM is guessed from where it lies' : '';
  return `To be removable: ${parts.join(', ')}${guess}.`;
}

/** A line for each thing that is missing: a capture without settings lacks all of them at once. */
function unknownLines(unknown: readonly Unknown[]): string[] {
  const byMissing = new Map<string, string[]>();
  for (const { missing, about } of unknown) {
    const what = missing.every((each) => each.startsWith('/')) ? 'settings of the host' : missing.join(' and ');
    const abouts = byMissing.get(what) ?? [];
    abouts.push(about);
    byMissing.set(what, abouts);
  }
  return [...byMissing].map(
    ([what, abouts]) => `  ? ${wrap(`without ${what}: ${abouts.join('; ')}`, WIDTH - INDENT.length, INDENT)}`,
  );
}

function findingLines({ id, severity, seen, why, change }: Finding, palette: Palette): string[] {
  const signs: Readonly<Record<Severity, string>> = { problem: palette.bad('✗'), warning: '!', note: '·' };
  const line = (text: string) => `${INDENT}${wrap(text, WIDTH - INDENT.length, INDENT)}`;
  return [
    `  ${signs[severity]} ${palette.bold(id)}  ${palette.dim(severity)}`,
    line(seen),
    line(why),
    ...change.flatMap(({ what, command, effect }) => [
      line(`${what}${effect === null ? '' : ` (${effect})`}`),
      // Never wrapped: a command is there to be copied.
      ...(command === null ? [] : [`${INDENT}  ${command}`]),
    ]),
  ];
}
