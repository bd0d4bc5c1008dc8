import type { Finding, LintReport, Severity } from '../lint/index.js';
import type { Palette } from './palette.js';
import { countOf, wrap } from './wording.js';

const WIDTH = 80;
const INDENT = '    ';

/** Findings as people read them, the gravest first, and what could not be checked. */
export function lintText(name: string, { findings, unknown }: LintReport, palette: Palette): string[] {
  const nr = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const counts = [countOf(nr('problem'), 'problem'), countOf(nr('warning'), 'warning'), countOf(nr('note'), 'note')];
  const lines = [palette.bold(`${name}: ${counts.join(', ')}.`)];
  for (const finding of findings) lines.push('', ...findingLines(finding, palette));
  if (unknown.length === 0) return lines;
  lines.push('', palette.bold('Not checked'));
  for (const { about, missing } of unknown) {
    lines.push(`  ? ${wrap(`${about}: ${missing.join(' and ')} not known`, WIDTH - INDENT.length, INDENT)}`);
  }
  return lines;
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
