import type { z } from 'zod';
import { suggestion } from '../base/nearest.js';
import { KEYS } from './schema.js';
import { WORKLOAD_KEYS } from './workload-schema.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What is wrong with the shape of a scenario, in sentences that begin with the place: `nodes[0].boot is missing; ...`. */
export function shapeProblems(issues: readonly Issue[], scenario: unknown): string[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [sentenceOf(issue, scenario)];
    const known = keysAt(issue.path, scenario);
    return issue.keys.map((key) => `${formatPath([...issue.path, key])} is not a known key; ${suggestion(key, known)}`);
  });
}

function sentenceOf(issue: Issue, scenario: unknown): string {
  const value = valueAt(issue.path, scenario);
  const place = formatPath(issue.path);
  const choices = choicesOf(issue);
  if (value === undefined) return `${place} is missing; it must be ${choices?.join(', ') ?? issue.message}`;
  const hint = choices === null || typeof value !== 'string' ? '' : `; ${suggestion(value, choices)}`;
  const what = issue.code === 'invalid_union' ? 'a kind of workload' : issue.message;
  return `${place} is ${shown(value)}, not ${what}${hint}`;
}

/** The words of which one must stand there; null if it is no matter of words. */
function choicesOf(issue: Issue): readonly string[] | null {
  if (issue.code === 'invalid_union') return [...WORKLOAD_KEYS.keys()];
  return issue.code === 'invalid_value' ? issue.values.map(String) : null;
}

function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}

function valueAt(path: Path, scenario: unknown): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    scenario,
  );
}

function keysAt(path: Path, scenario: unknown): readonly string[] {
  const holder = path.findLast((key) => typeof key === 'string') ?? '';
  if (holder !== 'workloads') return KEYS[holder as keyof typeof KEYS];
  const kind = valueAt([...path, 'kind'], scenario);
  return WORKLOAD_KEYS.get(String(kind)) ?? [];
}

/** As JavaScript writes it: nodes[0].dimms[1].size. */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the scenario';
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? String(key) : `.${String(key)}`))
    .join('');
}
