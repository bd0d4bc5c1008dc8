import type { z } from 'zod';
import { suggestion } from '../base/nearest.js';
import { ACTIVITY_KEYS } from './activity-schema.js';
import { JOB_KEYS } from './job-schema.js';
import { KEYS } from './schema.js';
import { WORKLOAD_KEYS } from './workload-schema.js';

/** Lists whose items are of several kinds: what one is called, and the keys that each kind may have. */
const LISTS: Readonly<
  Record<string, { readonly item: string; readonly keys: ReadonlyMap<string, readonly string[]> }>
> = {
  workloads: { item: 'workload', keys: WORKLOAD_KEYS },
  jobs: { item: 'job', keys: JOB_KEYS },
  activities: { item: 'activity', keys: ACTIVITY_KEYS },
};

/** So much of a key that the file has is shown. */
const KEY_SHOWN_MAX = 60;

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
  const what = isAboutKind(issue) ? `a kind of ${listOf(issue.path)?.item}` : issue.message;
  return `${place} is ${shown(value)}, not ${what}${hint}`;
}

function listOf(path: Path): (typeof LISTS)[string] | undefined {
  return LISTS[String(path[0])];
}

/** True if no kind of item has the word that stands at `kind`. */
function isAboutKind({ code, path }: Issue): boolean {
  return code === 'invalid_union' && path.at(-1) === 'kind';
}

/** The words of which one must stand there; null if it is no matter of words. */
function choicesOf(issue: Issue): readonly string[] | null {
  if (isAboutKind(issue)) return [...(listOf(issue.path)?.keys.keys() ?? [])];
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
  const list = path.length === 2 ? listOf(path) : undefined;
  if (list === undefined || holder !== path[0]) return KEYS[holder as keyof typeof KEYS];
  const kind = valueAt([...path, 'kind'], scenario);
  return list.keys.get(String(kind)) ?? [];
}

/** As JavaScript writes it: nodes[0].dimms[1].size. */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the scenario';
  return path
    .map((key, at) =>
      typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key).slice(0, KEY_SHOWN_MAX)}`,
    )
    .join('');
}
