import { basename, extname, resolve, sep } from 'node:path';

/** The ends of the paths, as long as it takes to tell them apart, without a scenario's extension. */
export function shortNames(paths: readonly string[]): string[] {
  const parts = paths.map((path) => {
    const full = resolve(path).split(sep);
    const last = full.at(-1) ?? '';
    return [...full.slice(0, -1), basename(last, /^\.ya?ml$/i.test(extname(last)) ? extname(last) : '')];
  });
  const longest = Math.max(0, ...parts.map(({ length }) => length));
  const names: (string | null)[] = paths.map(() => null);
  for (let length = 1; length < longest && names.includes(null); length++) {
    const ends = parts.map((part) => part.slice(-length).join('/'));
    const nrOf = new Map<string, number>();
    for (const end of ends) nrOf.set(end, (nrOf.get(end) ?? 0) + 1);
    for (const [at, end] of ends.entries()) if (nrOf.get(end) === 1) names[at] ??= end;
  }
  return names.map((name, at) => name ?? paths[at]!);
}
