import type { LoadFnOutput, LoadHookContext, ResolveFnOutput, ResolveHookContext } from 'node:module';
import { mutantNamed, mutated } from './mutants.js';

/** What was built; packages keep out of it. */
const BUILT = new URL('../../', import.meta.url).href;
const QUERY = '?mutant=';

let entryMutant: string | null = null;

export function initialize({ entry }: { readonly entry: string | null }): void {
  if (entry !== null) mutantNamed(entry);
  entryMutant = entry;
}

type NextResolve = (specifier: string, context: ResolveHookContext) => Promise<ResolveFnOutput>;
type NextLoad = (url: string, context: LoadHookContext) => Promise<LoadFnOutput>;

/** What a mutant imports is the mutant's. */
export async function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: NextResolve,
): Promise<ResolveFnOutput> {
  const resolved = await next(specifier, context);
  const mutant = context.parentURL === undefined ? entryMutant : mutantOf(context.parentURL);
  if (mutant === null || !resolved.url.startsWith(BUILT) || mutantOf(resolved.url) !== null) return resolved;
  return { ...resolved, url: `${resolved.url}${QUERY}${mutant}` };
}

export async function load(url: string, context: LoadHookContext, next: NextLoad): Promise<LoadFnOutput> {
  const name = mutantOf(url);
  const loaded = await next(url, context);
  if (name === null) return loaded;
  const file = url.slice(BUILT.length, url.indexOf(QUERY));
  return { ...loaded, source: mutated(mutantNamed(name), file, textOf(loaded.source)) };
}

function textOf(source: LoadFnOutput['source']): string {
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8');
}

function mutantOf(url: string): string | null {
  const at = url.startsWith(BUILT) ? url.indexOf(QUERY) : -1;
  return at < 0 ? null : url.slice(at + QUERY.length);
}
