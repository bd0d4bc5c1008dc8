/*
 * What the server answers. It is our own, but a page may be older than the server that it talks to, and a proxy may
 * answer in its place: what is not understood is an error in a sentence, never a blank page.
 */

export interface StrategyEntry {
  readonly name: string;
  readonly about: string;
  readonly labels: readonly string[];
}

export interface Session {
  readonly shows: 'machine' | 'run';
  readonly name: string;
  readonly version: string;
  readonly state: 'opening' | 'open' | 'failed';
  readonly progress: { readonly label: string; readonly part: number } | null;
  readonly error: string | null;
  readonly isGrowing: boolean;
  /** There is a second run, to be shown beside the first. */
  readonly hasBeside: boolean;
  readonly caveats: readonly string[];
  readonly allowActions: boolean;
  readonly whyNoActions: string | null;
  readonly strategies: { readonly offline: readonly StrategyEntry[]; readonly highOrder: readonly StrategyEntry[] };
}

export interface PageAnswer {
  readonly pfn: number;
  readonly flags: readonly string[];
  readonly kind: string;
  readonly zone: string | null;
  readonly owners: readonly string[] | null;
  readonly ownersMore: number;
  readonly goes: boolean | null;
  readonly because: string | null;
  readonly handler: string | null;
}

export type RunState = 'opening' | 'held' | 'running' | 'done' | 'refused' | 'partial' | 'stopped' | 'failed';

export interface RunEntry {
  readonly id: string;
  readonly frontEnd: 'offline' | 'high-order';
  readonly strategy: string;
  readonly state: RunState;
  readonly error: string | null;
  readonly startedMs: number;
}

export type RunRequest =
  | { readonly frontEnd: 'offline'; readonly strategy: string; readonly blocks: string; readonly hold?: boolean }
  | { readonly frontEnd: 'offline'; readonly strategy: string; readonly dimm: string; readonly hold?: boolean }
  | {
      readonly frontEnd: 'high-order';
      readonly strategy: string;
      readonly order: number;
      readonly count: number | 'all';
      readonly hold?: boolean;
    };

/** An answer, or the sentence that says why there is none. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

export const getSession = () => ask<Session>('api/session');
export const getPage = (pfn: number) => ask<PageAnswer>(`api/pages/${pfn}`);
export const getRuns = () => ask<{ readonly runs: readonly RunEntry[] }>('api/runs');
export const startRun = (request: RunRequest) => ask<RunEntry>('api/runs', 'POST', request);
export const letGo = (id: string) => ask<RunEntry>(`api/runs/${encodeURIComponent(id)}/go`, 'POST', {});
export const stopRun = (id: string) => ask<RunEntry>(`api/runs/${encodeURIComponent(id)}`, 'DELETE');

async function ask<T>(path: string, method = 'GET', body?: unknown): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
  } catch {
    return { ok: false, error: 'The server does not answer. Is vacate view still running?' };
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && typeof answer === 'object' && answer !== null) return { ok: true, value: answer as T };
  const error = (answer as { error?: unknown } | null)?.error;
  return {
    ok: false,
    error: typeof error === 'string' ? error : `The server answers ${response.status}, and does not say why.`,
  };
}
