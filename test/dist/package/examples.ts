import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './installed.js';

/*
 * The examples of the public names, as programs. What an example says stands beside its name in the sources; what it
 * takes for granted, a machine for instance, is in `GIVEN`; names of the package are imported where they are used.
 */

/** A machine that is built in no time: two DIMMs, blocks 8 to 11 and 12 to 15, both of which go. */
export const MACHINE = `name: mine
seed: 1
cpus: 2
contents: token
blockSize: 4MiB
nodes:
  - boot: 32MiB
    dimms: [{ name: dimm0, size: 16MiB, zone: movable }, { name: dimm1, size: 16MiB, zone: movable }]
workloads:
  - { kind: reserved, pages: 64 }
  - { kind: anonymous, size: 8MiB, keep: 0.6 }
  - { kind: files, size: 4MiB }
`;

/** What examples take for granted: each line is there only for those that use its name. */
const GIVEN: readonly (readonly [name: string, line: string])[] = [
  ['deepEqual', "import { deepEqual } from 'node:assert/strict';"],
  ['deflateRawSync', "import { deflateRawSync } from 'node:zlib';"],
  ['inflateRawSync', "import { inflateRawSync } from 'node:zlib';"],
  ['path', "const path = 'machine.yaml';"],
  ['readFileSync', "import { readFileSync } from 'node:fs';"],
  ['it', 'const it = (_name: string, run: () => void) => cases_.push(run); const cases_: (() => void)[] = [];'],
  ['scenario', "const scenario = parseScenario(readFileSync(path, 'utf8'), path);"],
  ['machine', 'const machine = machineFromScenario(scenario);'],
  ['plugins', 'const plugins = await loadShippedPlugins();'],
  ['evacuator', 'const evacuator = createEvacuator({ host: simModule(machine), plugins });'],
  ['host', 'const host = evacuator.host;'],
  ['signal', 'const { signal } = new AbortController();'],
  ['text', "const text = '[  1.0] page:ffffea0000000000 refcount:2 mapcount:0';"],
  [
    'chunks',
    `const chunks: Chunk[] = [];
const recorder = new Recorder(host, evacuator.counters, evacuator.ranges$, {
  facts: { command: [], source: 'scenario', seed: 1, strategy: 'merged', outcomes: evacuator.service.handlers.tables, by: '' },
  sink: (chunk) => chunks.push(chunk),
  clock: () => performance.now(),
});
runToEnd(evacuator.offline({ blocks: [8] }));
recorder.finish('done');`,
  ],
];

/** `expression; // value`: an example that says what comes out, as JSON. */
const SAYS = /^(?!const |let |\/\/)(.+); \/\/ (.+)$/gm;

export interface PublicName {
  readonly name: string;
  readonly specifier: string;
  readonly examples: readonly string[];
}

/** Every name that an entry of the checkout exports, but for the page types of `vacate/plugins`. */
export function publicNames(): PublicName[] {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.entries(manifest.exports as Record<string, { types?: string }>)
    .filter(([subpath, { types }]) => types !== undefined && !subpath.includes('*'))
    .map(([subpath, { types }]) => [subpath.replace(/^\./, 'vacate'), join(ROOT, types as string)] as const);
  const options = { module: ts.ModuleKind.NodeNext, noLib: true, types: [] };
  const program = ts.createProgram(
    entries.map(([, path]) => path),
    options,
  );
  const checker = program.getTypeChecker();
  return entries.flatMap(([specifier, path]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
    return checker.getExportsOfModule(module).map((exported) => nameOf(exported, specifier, checker));
  });
}

function nameOf(exported: ts.Symbol, specifier: string, checker: ts.TypeChecker): PublicName {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === 'example');
  return { name: exported.name, specifier, examples: tags.map(({ text }) => ts.displayPartsToString(text)) };
}

export interface ExampleProgram {
  readonly text: string;
  /** The public names that the example itself uses. */
  readonly shows: readonly string[];
}

/** The program that an example is: what it imports, what it takes for granted, and what it says. */
export function programOf(example: string, names: readonly PublicName[]): ExampleProgram {
  const code = example.replace(SAYS, (line, said, value) => (isJson(value) ? `deepEqual(${said}, ${value});` : line));
  const given: string[] = [];
  let all = code;
  for (const [name, line] of [...GIVEN].reverse()) {
    if (!uses(all, name) || declares(all, name)) continue;
    given.unshift(line);
    all = `${line}\n${all}`;
  }
  const imports = new Map<string, string>();
  for (const { name, specifier } of names)
    if (uses(all, name) && !declares(all, name) && !imports.has(name)) imports.set(name, specifier);
  const lines = [...imports].map(([name, specifier]) => `import { ${name} } from '${specifier}';`);
  const shows = [...imports.keys()].filter((name) => uses(code, name));
  return { text: `${[...lines, ...given, code].join('\n')}\nexport {};\n`, shows };
}

const uses = (code: string, name: string) =>
  new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${name}(?![\\w$])(?!\\??: )`).test(bare(code));
const declares = (code: string, name: string) =>
  new RegExp(`(?:const|let|class|function|import) (?:\\{[^}]*?)?(?<![\\w$])${name}(?![\\w$])`).test(bare(code));

/** Without comments and texts. */
const bare = (code: string) => code.replace(/\/\/.*$/gm, '').replace(/'[^'\n]*'/g, "''");

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
