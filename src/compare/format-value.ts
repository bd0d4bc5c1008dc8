import type { Metric } from './metrics.js';
import type { Estimate } from './statistics.js';

/** A value as people read it: "97.5%", "1.02", "12,345", "3.4 ms". */
export function formatValue(value: number, unit: Metric['unit']): string {
  switch (unit) {
    case 'share':
      return `${formatNumber(value * 100)}%`;
    case 'ns':
      return formatDuration(value);
    case 'ratio':
    case 'pages':
    case 'blocks':
    case 'count':
      return formatNumber(value);
  }
}

/** Half the width of an interval, in the unit of its mean; nothing for a sample of one. */
export function formatMargin({ mean, high }: Estimate, unit: Metric['unit']): string {
  return high === null ? '' : `±${formatValue(high - mean, unit)}`;
}

/** Three digits tell all that such samples can; whole numbers are given in full. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

function formatDuration(ns: number): string {
  if (ns < 1e3) return `${formatNumber(ns)} ns`;
  if (ns < 1e6) return `${formatNumber(ns / 1e3)} µs`;
  if (ns < 1e9) return `${formatNumber(ns / 1e6)} ms`;
  return `${formatNumber(ns / 1e9)} s`;
}
