import type { BenchmarkReport, SizeReport } from './report.js';

const WIDTH = 80;

/** A report as people read it, 80 columns wide. */
export function tableOf(report: BenchmarkReport): string {
  const lines = [
    report.name,
    ...wrapped('shows: ', report.shows),
    ...wrapped('not: ', report.doesNotShow),
    `  ${'size'.padStart(8)}  ${'contestant'.padEnd(26)}${`ns/${report.unit}`.padStart(12)}${'speed'.padStart(9)}  hash`,
    ...report.sizes.flatMap(sizeLines),
    ...growthLines(report),
    ...report.goals.flatMap(({ goal, value, holds, why }) =>
      wrapped(
        'goal: ',
        value === null ? `${goal}: NOT MEASURED, ${why}` : `${goal}: ${value}, ${holds ? 'holds' : 'MISSED'}`,
      ),
    ),
  ];
  if (!report.agree) lines.push('  WRONG: contestants that do the same work have different hashes');
  return `${lines.join('\n')}\n`;
}

function sizeLines({ gib, contestants, absent }: SizeReport): string[] {
  const size = `${gib >= 1024 ? `${gib / 1024} TiB` : `${gib} GiB`}`.padStart(8);
  const rows = contestants.map(
    ({ name, nsPerUnit, speed, hash }) =>
      `${name.padEnd(26)}${String(nsPerUnit).padStart(12)}${speed.toFixed(2).padStart(9)}  ${hash}`,
  );
  const skipped = absent.flatMap(({ name, skipped }) =>
    wrapped('', `${name}: SKIPPED, ${skipped}`).map((text) => text.trim()),
  );
  return [...rows, ...skipped].map((row, at) => `  ${at === 0 ? size : ' '.repeat(8)}  ${row}`);
}

function growthLines({ growth }: BenchmarkReport): string[] {
  if (growth.length === 0) return [];
  const { fromGib, toGib } = growth[0]!;
  const each = growth.map((one) => `${one.contestant} ${one.growth}`).join(', ');
  return wrapped('growth: ', `time per unit at ${toGib} GiB in that at ${fromGib} GiB: ${each}`);
}

function wrapped(label: string, text: string): string[] {
  const lines: string[] = [];
  let line = `  ${label}`;
  for (const word of text.split(' ')) {
    if (line.length + word.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = '    ';
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
