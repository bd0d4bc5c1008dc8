import type { Cell, Reason } from './cell.js';
import { METRIC_IDS, METRICS, type Metrics } from './metrics.js';

const ENDINGS: readonly unknown[] = ['done', 'partial', 'refused', 'does-not-apply', 'error'] satisfies Cell['ended'][];
/** Pages, blocks and the like: tables keep them as whole numbers. */
const WHOLE_UNITS: readonly string[] = ['pages', 'blocks', 'count'];

/** A cell as `journalLine` wrote it, down to the last field; null for anything else, as tables are made of it unseen. */
export function cellFrom(value: unknown): Cell | null {
  if (!isObject(value)) return null;
  const { machine, job, strategy, seed, ended, because, metrics, refusals, stateHash } = value;
  const isCell =
    isText(machine) &&
    isText(job) &&
    isText(strategy) &&
    (seed === null || isCount(seed)) &&
    ENDINGS.includes(ended) &&
    (because === null || isText(because)) &&
    (metrics === null || isMetrics(metrics)) &&
    Array.isArray(refusals) &&
    refusals.every(isReason) &&
    (stateHash === null || isText(stateHash));
  return isCell ? (value as unknown as Cell) : null;
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMetrics(value: unknown): value is Metrics {
  if (!isObject(value)) return false;
  return METRIC_IDS.every((id) => {
    const measure = Object.hasOwn(value, id) ? value[id] : undefined;
    if (measure === null) return true;
    return WHOLE_UNITS.includes(METRICS[id].unit) ? isCount(measure) : Number.isFinite(measure);
  });
}

function isReason(value: unknown): value is Reason {
  return isObject(value) && isText(value.reason) && isCount(value.pages);
}
