import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/*
 * The architecture, as a test. First the tables, one sentence each on why; then what it takes to read a tree; then one
 * function per rule, from a list of files to sentences about what is wrong; last the tests: every rule is held against
 * the tree as it lies on disk, and against planted files that break it, because a rule that cannot fail holds nothing.
 */

/** A folder of src imports from lower layers and from itself; equals are strangers, so that each can be left out. */
const LAYERS: Readonly<Record<string, number>> = {
  base: 0,
  mm: 1,
  handler: 2,
  host: 2,
  events: 2,
  simd: 2,
  picture: 2,
  sim: 3,
  migration: 3,
  linux: 3,
  capture: 3,
  'kernel-log': 3,
  recording: 3,
  report: 3,
  strategies: 4,
  scenario: 4,
  smp: 4,
  remote: 4,
  compare: 5,
  forecast: 5,
  fleet: 5,
  explain: 5,
  lint: 5,
  workers: 5,
  shards: 5,
  soak: 5,
  container: 6,
  queue: 6,
  testing: 6,
  server: 7,
  browser: 7,
  // The command line starts the server, and gives it what it shows.
  cli: 8,
};

/** The one place where equals meet: a host shows pages in the terms of the handler contract. Types only. */
const LAYER_EXCEPTIONS: readonly { readonly from: string; readonly to: string }[] = [{ from: 'host', to: 'handler' }];

/** Subfolders that are strangers to each other; what they share lies directly in the folder. */
const STRANGERS_INSIDE = ['strategies'];

/** The library's public entry shows everything below the programs that use it, and they may use it as others do. */
const PUBLIC_ENTRY = { path: 'src/index.ts', layerMax: 6 };

/** Built-in plugins are plugins: only what composes a run may name them, and by then it may. */
const PLUGINS_KNOWN_FROM_LAYER = 6;

/** What outsiders may import; plugins see the contract and nothing else, or it would not be the contract. */
const PUBLIC_SUBPATHS: Readonly<Record<string, string>> = {
  vacate: 'src/index.ts',
  'vacate/handler': 'src/handler/index.ts',
  'vacate/strategy': 'src/strategies/index.ts',
  'vacate/testing': 'src/testing/index.ts',
  'vacate/sim': 'src/sim/index.ts',
  'vacate/linux': 'src/linux/index.ts',
};
/** Read at run time from the installed package; the paths are those of `dist/src/cli`, one level deeper. */
const SHIPPED_DATA = ['browser', '../package.json', '../examples/scenarios/', '../examples/scenarios'];
const PLUGIN_IMPORTS = ['vacate/handler'];
const EXAMPLE_IMPORTS = [...Object.keys(PUBLIC_SUBPATHS), 'node:fs'];

/** A quarantine keeps a package where it can be replaced. `typesToo` is true if not even its types may get out. */
const QUARANTINES: readonly {
  readonly what: string;
  readonly matches: (specifier: string) => boolean;
  readonly allowed: readonly RegExp[];
  readonly typesToo: boolean;
  readonly instead: string;
}[] = [
  {
    what: 'rxjs',
    matches: (specifier) => packageOf(specifier) === 'rxjs',
    allowed: [/^src\/events\//],
    typesToo: false,
    instead: 'announce through src/events, or import the type only',
  },
  {
    what: 'reflect-metadata',
    matches: (specifier) => packageOf(specifier) === 'reflect-metadata',
    allowed: [
      /^src\/index\.ts$/,
      /^src\/cli\/(main|forecast\/forecast-worker|view\/(run-keeper|offered-strategies))\.ts$/,
      /^src\/container\/(worker-main|shard-main|soak-migrator)\.ts$/,
    ],
    typesToo: true,
    instead: 'the entry points import it, once',
  },
  {
    what: 'queue',
    matches: (specifier) => ['bullmq', 'ioredis', 'prom-client'].includes(packageOf(specifier)),
    allowed: [/^src\/queue\//],
    typesToo: true,
    instead: 'work over Redis goes through src/queue, and who does without has none of it installed',
  },
  {
    what: 'Node',
    matches: (specifier) => specifier.startsWith('node:') || builtinModules.includes(specifier),
    allowed: [/^src\/(linux|capture|remote|workers|queue|cli|server)\//, /^src\/container\/import-module\.ts$/],
    typesToo: true,
    instead: 'the rest must run in a browser: pass in what it needs',
  },
];

/**
 * Inversify composes; elsewhere a service only says by decorators what it wants (and by a type what a token stands
 * for), and never asks a container.
 */
const INVERSIFY_ALLOWED = [/^src\/container\//, /^src\/(.+\/)?[^/]+-module\.ts$/];
const INVERSIFY_DECORATORS = ['inject', 'injectable', 'multiInject', 'optional'];
const INVERSIFY_SERVICES = [/^src\/migration\//, /^src\/strategies\//];

/** Another language, and what compiles it: the bytes that come out are kept beside it, and are product code. */
const ASSEMBLY = 'src/simd/assembly';

/** What makes the published packages of the compiled files: a tool, of which only what is copied as it stands ships. */
const PACKAGING = 'src/package';

/** What is shipped as one bundle brings its libraries along, so that nobody has to install them. */
const BUNDLED = /^src\/browser\//;

/** Whatever no entry point reaches is dead, and misleads whoever reads it. The second list may be absent. */
const ENTRY_POINTS = [PUBLIC_ENTRY.path, 'src/handler/index.ts', 'src/strategies/index.ts', 'src/cli/main.ts'];
const OPTIONAL_ENTRY_POINTS = [
  'src/testing/index.ts',
  'src/sim/index.ts',
  'src/linux/index.ts',
  'src/container/worker-main.ts',
  'src/container/job-main.ts',
  'src/container/shard-main.ts',
  'src/container/soak-main.ts',
  'src/linux/hotplug/writer-main.ts',
  'src/browser/main.ts',
  'src/browser/vite.config.mjs',
  'src/browser/assets.d.ts',
  'src/picture/page-bytes.ts',
  'src/recording/chunk.ts',
  'src/recording/records.ts',
];

/** Every plugin folder looks the same, so that the next one is a copy. `NAME` stands for the folder's name. */
const PLUGIN_FILES = ['README.md', 'index.ts', 'handler.ts', 'refusals.ts', 'NAME.test.ts'];

/** The top level is the first thing a visitor sees: the design names what belongs there, tools want the rest. */
const TOP_LEVEL = [
  ...['package.json', 'tsconfig.json', 'ARCHITECTURE.md', 'README.md', 'CHANGELOG.md', 'LICENSE'],
  ...['src', 'plugins', 'test', 'examples', '.ci'],
  ...['.gitignore', '.npmrc', '.editorconfig', 'biome.json', 'package-lock.json'],
];
const NOT_OURS = ['.git', 'node_modules', 'dist', 'coverage'];
const NOT_OURS_SUFFIXES = ['.tgz', '.log'];

/** What does not fit one screen is not read in one go. */
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 500;

/** A seed must reproduce a run: the layers that make one know no clock and no chance but theirs. */
const DETERMINISTIC = /^src\/(base|mm|handler|host|simd|sim|migration|strategies|scenario|compare|shards)\//;
const CLOCK_AND_CHANCE: Readonly<Record<string, string>> = {
  'Math.random': 'draw from a Prng that is passed in',
  'Date.now': 'pass the time in',
  'new Date': 'pass the time in',
  'performance.now': 'measure outside, in src/cli',
};

/** A library says things through results and events; only the command line prints. */
const MAY_PRINT = /^src\/cli\//;

/** A lock file or script that names one registry works nowhere else; nor does a lock file without other platforms. */
const REGISTRY = /https?:\/\/registry\b/i;

// ---------------------------------------------------------------------------------------------------------------------

interface File {
  /** From the top of the tree, with forward slashes. */
  readonly path: string;
  /** Empty for what is no text. */
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  readonly line: number;
  /** True if nothing of it is left at run time. */
  readonly typesOnly: boolean;
  /** Names as exported there; null if it takes the module as a whole. */
  readonly names: readonly string[] | null;
}

interface LockEntry {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Rule = (files: readonly File[]) => string[];

function readTree(root: string, folder = ''): File[] {
  const files: File[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (NOT_OURS.includes(entry.name) && (folder === '' || entry.name === 'node_modules')) continue;
    if (folder === '' && NOT_OURS_SUFFIXES.some((suffix) => path.endsWith(suffix))) continue;
    if (entry.isDirectory()) files.push(...readTree(root, path));
    else {
      const text = readFileSync(join(root, path), 'utf8');
      files.push({ path, text: text.includes('\0') ? '' : text });
    }
  }
  return files;
}

const isScript = ({ path }: File) => /\.(ts|tsx|mts|js|mjs)$/.test(path) && !path.endsWith('.d.ts');
const isTest = ({ path }: File) => path.endsWith('.test.ts');
const isIn = (folder: string) => (file: File) => file.path.startsWith(`${folder}/`);
const isTool = (file: File) => isIn(ASSEMBLY)(file) || isIn(PACKAGING)(file);

/** Code of src that ships; tests beside it may reach further than what they test. */
function productFiles(files: readonly File[]): File[] {
  return files.filter((file) => isIn('src')(file) && isScript(file) && !isTest(file) && !isTool(file));
}

const parsed = new WeakMap<File, ts.SourceFile>();

function parse(file: File): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
  parsed.set(file, source);
  return source;
}

function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  each(node);
  ts.forEachChild(node, (child) => visit(child, each));
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1;
}

/** Everything by which a file names another: import, export from, import(), import types, new URL of a worker. */
function importsOf(file: File): Import[] {
  const source = parse(file);
  const imports: Import[] = [];
  visit(source, (node) => {
    const found = importIn(node);
    if (found !== null) imports.push({ ...found, line: lineOf(source, node.getStart(source)) });
  });
  return imports;
}

function importIn(node: ts.Node): Omit<Import, 'line'> | null {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const bindings = node.importClause?.namedBindings;
    const whole = node.importClause?.name !== undefined || bindings === undefined || ts.isNamespaceImport(bindings);
    const names = whole ? null : bindings.elements.map((element) => (element.propertyName ?? element.name).text);
    // `import { type A }` still loads the module (verbatimModuleSyntax); only `import type` leaves nothing.
    return { specifier: node.moduleSpecifier.text, typesOnly: node.importClause?.isTypeOnly ?? false, names };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
    return { specifier: node.moduleSpecifier.text, typesOnly: node.isTypeOnly, names: null };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
    return { specifier: node.argument.literal.text, typesOnly: true, names: null };
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return literalIn(node);
  if (ts.isNewExpression(node) && node.getText().endsWith('import.meta.url)')) return literalIn(node);
  return null;
}

function literalIn(node: ts.CallExpression | ts.NewExpression): Omit<Import, 'line'> | null {
  const first = node.arguments?.[0];
  if (first === undefined || !ts.isStringLiteralLike(first)) return null;
  return { specifier: first.text, typesOnly: false, names: null };
}

/** "@scope/name/sub" -> "@scope/name"; for a path or a builtin it is of no use. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const isRelative = (specifier: string) => specifier.startsWith('.');

/** The file of this tree that a specifier names; null if it names a package. */
function targetOf(from: File, specifier: string): string | null {
  if (isRelative(specifier)) return posix.join(posix.dirname(from.path), specifier).replace(/\.js(x?)$/, '.ts$1');
  const plugin = /^vacate\/plugins\/([^/]+)$/.exec(specifier);
  if (plugin !== null) return `plugins/${plugin[1]}/index.ts`;
  return PUBLIC_SUBPATHS[specifier] ?? null;
}

/** "src/sim/buddy.ts" -> "sim"; null for a file directly in src. */
function folderOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** "src/strategies/offline/capture.ts" -> "offline"; null for a file directly in src/strategies. */
function subfolderOf(path: string): string | null {
  return /^src\/[^/]+\/([^/]+)\//.exec(path)?.[1] ?? null;
}

// ---------------------------------------------------------------------------------------------------------------------

const layers: Rule = (files) =>
  productFiles(files).flatMap((file) => {
    const folder = folderOf(file.path);
    if (folder === null && file.path !== PUBLIC_ENTRY.path)
      return [`${file.path} lies directly in src; move it into the folder of its layer`];
    if (folder !== null && LAYERS[folder] === undefined)
      return [`${file.path} is in no layer; move it, or give src/${folder} a layer in LAYERS and in ARCHITECTURE.md`];
    return importsOf(file).flatMap(({ specifier, line, typesOnly }) => {
      const problem = layerProblem(file, specifier, typesOnly);
      return problem === null ? [] : [`${file.path}:${line} imports ${specifier}: ${problem}`];
    });
  });

function layerProblem(from: File, specifier: string, typesOnly: boolean): string | null {
  const to = targetOf(from, specifier);
  if (to === null) return null;
  const folder = folderOf(from.path);
  const layer = folder === null ? PUBLIC_ENTRY.layerMax + 1 : (LAYERS[folder] as number);
  if (to.startsWith('plugins/'))
    return layer >= PLUGINS_KNOWN_FROM_LAYER ? null : 'no layer below the container knows a plugin; take it as a value';
  if (!isRelative(specifier)) return 'inside src, import by path; the package name is for those outside';
  if (folder === 'cli' && SHIPPED_DATA.includes(to)) return null;
  if (!to.startsWith('src/')) return 'src imports nothing that lies outside it, except plugins';
  const target = folderOf(to);
  if (target === null)
    return folder !== null && layer > PUBLIC_ENTRY.layerMax
      ? null
      : 'src/index.ts stands above; import the file that has it';
  if (target === folder) return strangersProblem(folder, from.path, to);
  const exception = LAYER_EXCEPTIONS.some((pair) => pair.from === folder && pair.to === target);
  if (exception) return typesOnly ? null : `${folder} may use types of ${target} only; write import type`;
  const targetLayer = LAYERS[target];
  if (targetLayer === undefined) return `src/${target} is in no layer`;
  if (targetLayer < layer) return null;
  const relation = targetLayer === layer ? 'its equal, hence a stranger' : 'above it';
  return `${target} (layer ${targetLayer}) is ${relation}; move what both need into a layer below ${layer}`;
}

function strangersProblem(folder: string, from: string, to: string): string | null {
  const [own, other] = [subfolderOf(from), subfolderOf(to)];
  if (!STRANGERS_INSIDE.includes(folder) || own === null || other === null || own === other) return null;
  return `${own} and ${other} are strangers; move what both need directly into src/${folder}`;
}

/** A plugin's own test may look behind the contract: it builds machines, and checks what is left of them. */
const pluginImports: Rule = (files) =>
  outsiders(
    files.filter((file) => !isTest(file)),
    'plugins',
    () => PLUGIN_IMPORTS,
  );

const exampleImports: Rule = (files) => outsiders(files, 'examples', () => EXAMPLE_IMPORTS);

/** Each folder (or single file) inside `top` may import what is listed, and its own files. */
function outsiders(files: readonly File[], top: string, allowedFor: (file: File) => readonly string[]): string[] {
  return files
    .filter((file) => isIn(top)(file) && isScript(file))
    .flatMap((file) => {
      const allowed = allowedFor(file);
      const home = file.path.split('/').length > 2 ? `${file.path.split('/').slice(0, 2).join('/')}/` : `${top}/`;
      return importsOf(file)
        .filter(({ specifier }) => {
          if (isRelative(specifier)) return !(targetOf(file, specifier) as string).startsWith(home);
          return !allowed.includes(specifier) && !(top === 'examples' && /^vacate\/plugins\/[^/]+$/.test(specifier));
        })
        .map(
          ({ specifier, line }) =>
            `${file.path}:${line} imports ${specifier}; it may import ${allowed.join(', ')} and files of ${home}`,
        );
    });
}

const quarantines: Rule = (files) =>
  productFiles(files).flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line, typesOnly }) =>
      QUARANTINES.filter(({ matches, allowed, typesToo }) => {
        if (!matches(specifier) || (typesOnly && !typesToo)) return false;
        return !allowed.some((pattern) => pattern.test(file.path));
      }).map(({ what, instead }) => `${file.path}:${line} imports ${specifier}: no ${what} here; ${instead}`),
    ),
  );

const inversify: Rule = (files) =>
  productFiles(files).flatMap((file) => {
    if (INVERSIFY_ALLOWED.some((pattern) => pattern.test(file.path))) return [];
    const isService = INVERSIFY_SERVICES.some((pattern) => pattern.test(file.path));
    const areDecorators = (names: Import['names']) =>
      names?.every((name) => INVERSIFY_DECORATORS.includes(name)) ?? false;
    return importsOf(file)
      .filter(({ specifier }) => packageOf(specifier) === 'inversify')
      .filter(({ names, typesOnly }) => !isService || !(typesOnly || areDecorators(names)))
      .map(
        ({ line }) =>
          `${file.path}:${line} imports inversify: outside src/container and *-module.ts only ` +
          `${INVERSIFY_DECORATORS.join(', ')}, and only services of src/migration and src/strategies; bind it in a module`,
      );
  });

const dependencies: Rule = (files) => {
  const manifest = files.find(({ path }) => path === 'package.json');
  if (manifest === undefined) return ['package.json is missing'];
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(manifest.text);
  const shipped = Object.keys({ ...dependencies, ...optionalDependencies });
  return productFiles(files).flatMap((file) => {
    const declared = BUNDLED.test(file.path) ? [...shipped, ...Object.keys(devDependencies ?? {})] : shipped;
    return importsOf(file)
      .filter(({ specifier }) => !isRelative(specifier) && packageOf(specifier) !== 'vacate')
      .filter(({ specifier }) => !specifier.startsWith('node:') && !builtinModules.includes(specifier))
      .filter(({ specifier }) => !declared.includes(packageOf(specifier)))
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}, which "dependencies" does not list`);
  });
};

const deadFiles: Rule = (files) => {
  const all = new Map(productFiles(files).map((file) => [file.path, file]));
  const missing = ENTRY_POINTS.filter((path) => !all.has(path)).map((path) => `entry point ${path} is missing`);
  const reached = new Set<string>();
  const queue = [...ENTRY_POINTS, ...OPTIONAL_ENTRY_POINTS];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = all.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of importsOf(file)) queue.push(targetOf(file, specifier) ?? '');
  }
  const dead = [...all.keys()].filter((path) => !reached.has(path));
  return [...missing, ...dead.map((path) => `${path} is reached from no entry point; use it or delete it`)];
};

const pluginFolders: Rule = (files) => {
  const folders = new Map<string, string[]>();
  for (const { path } of files.filter(isIn('plugins'))) {
    const [, name, ...rest] = path.split('/') as [string, string, ...string[]];
    folders.set(name, [...(folders.get(name) ?? []), rest.join('/')]);
  }
  return [...folders].flatMap(([name, found]) => {
    const expected = PLUGIN_FILES.map((file) => file.replace('NAME', name));
    const missing = expected.filter((file) => !found.includes(file)).map((file) => `plugins/${name} lacks ${file}`);
    const extra = found.filter((file) => !expected.includes(file));
    const allowed = `a plugin folder has ${expected.join(', ')} and nothing else`;
    return [...missing, ...extra.map((file) => `${posix.join('plugins', name, file)} is one too many: ${allowed}`)];
  });
};

const topLevel: Rule = (files) =>
  [...new Set(files.map(({ path }) => path.split('/')[0] as string))]
    .filter((name) => !TOP_LEVEL.includes(name))
    .map((name) => `${name} does not belong at the top level; move it into src, test or examples`);

const functionLengths: Rule = (files) =>
  files.filter(isScript).flatMap((file) => {
    const source = parse(file);
    const problems: string[] = [];
    visit(source, (node) => {
      if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isSuite(node)) return;
      const first = lineOf(source, node.getStart(source));
      const lines = lineOf(source, node.end) - first + 1;
      if (lines <= FUNCTION_LINES_MAX) return;
      const name = node.name?.getText(source) ?? 'a function';
      problems.push(
        `${file.path}:${first} ${name} has ${lines} lines; ${FUNCTION_LINES_MAX} is the most, take a part out`,
      );
    });
    return problems;
  });

/** The callback of `describe` is a chapter of tests and not a function anybody reads as one. */
function isSuite(node: ts.Node): boolean {
  const call = node.parent;
  return call !== undefined && ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText());
}

const fileLengths: Rule = (files) =>
  files.filter(isIn('src')).flatMap(({ path, text }) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    if (lines <= FILE_LINES_MAX) return [];
    return [`${path} has ${lines} lines; ${FILE_LINES_MAX} is the most, split it by concept`];
  });

const clockAndChance: Rule = (files) =>
  productFiles(files)
    .filter(({ path }) => DETERMINISTIC.test(path))
    .flatMap((file) =>
      namesUsedIn(file)
        .filter(({ name }) => name in CLOCK_AND_CHANCE)
        .map(
          ({ name, line }) =>
            `${file.path}:${line} uses ${name}: a seed must reproduce a run; ${CLOCK_AND_CHANCE[name]}`,
        ),
    );

const printing: Rule = (files) =>
  files
    .filter((file) => isScript(file) && (isIn('src')(file) || isIn('plugins')(file)) && !MAY_PRINT.test(file.path))
    .flatMap((file) =>
      namesUsedIn(file)
        .filter(({ name }) => name.startsWith('console.'))
        .map(({ name, line }) => `${file.path}:${line} uses ${name}: only src/cli prints; return it or announce it`),
    );

/** `a.b`, `x.a.b`, `a['b']` and `const { b } = a` are "a.b"; `new a()` is "new a". */
function namesUsedIn(file: File): { readonly name: string; readonly line: number }[] {
  const source = parse(file);
  const names: { name: string; line: number }[] = [];
  visit(source, (node) => {
    const line = lineOf(source, node.getStart(source));
    for (const name of namesIn(node)) names.push({ name, line });
  });
  return names;
}

function namesIn(node: ts.Node): string[] {
  if (ts.isNewExpression(node)) return [`new ${lastName(node.expression)}`];
  if (ts.isPropertyAccessExpression(node)) return [`${lastName(node.expression)}.${node.name.text}`];
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return [`${lastName(node.expression)}.${node.argumentExpression.text}`];
  if (!ts.isVariableDeclaration(node) || node.initializer === undefined || !ts.isObjectBindingPattern(node.name))
    return [];
  const owner = lastName(node.initializer);
  return node.name.elements.map(({ propertyName, name }) => `${owner}.${(propertyName ?? name).getText()}`);
}

function lastName(expression: ts.Expression): string {
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text;
  return ts.isIdentifier(expression) ? expression.text : '';
}

const headings: Rule = (files) =>
  files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) => {
      const prose = text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, '');
      const nrTitles = prose.match(/^# |^<h1\b|^=+$/gm)?.length ?? 0;
      return nrTitles === 1 ? [] : [`${path} has ${nrTitles} titles of the first level; a document has exactly one`];
    });

const registries: Rule = (files) =>
  files
    .filter(({ text }) => REGISTRY.test(text))
    .map(({ path }) => `${path} names a package registry; leave the choice to npm's own configuration`);

const lockFile: Rule = (files) => {
  const lock = files.find(({ path }) => path === 'package-lock.json');
  if (lock === undefined) return ['package-lock.json is missing; npm ci needs it'];
  const packages: Record<string, LockEntry> = JSON.parse(lock.text).packages ?? {};
  return Object.entries(packages).flatMap(([path, { resolved, link, optionalDependencies = {} }]) => {
    const address = resolved !== undefined && link !== true;
    const absent = Object.keys(optionalDependencies).filter(
      (name) =>
        packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
    );
    return [
      ...(address ? [`package-lock.json: ${path} is "resolved"; set omit-lockfile-registry-resolved=true`] : []),
      ...absent.map((name) => `package-lock.json lacks ${name}, so npm ci refuses it; add its version, os and cpu`),
    ];
  });
};

const RULES: Readonly<Record<string, Rule>> = {
  'folders import only from lower layers': layers,
  'plugins import only the handler contract': pluginImports,
  'examples import only what is public': exampleImports,
  'rxjs, reflect-metadata and Node stay where they are allowed': quarantines,
  'inversify stays in modules, and on services as decorators': inversify,
  'what src imports is a dependency of the package': dependencies,
  'every file is reached from an entry point': deadFiles,
  'every plugin folder has the same files': pluginFolders,
  'the top level holds only what belongs there': topLevel,
  'functions are short': functionLengths,
  'files of src are short': fileLengths,
  'what makes a run knows no clock and no chance': clockAndChance,
  'only the command line prints': printing,
  'a document has one title': headings,
  'nothing names a package registry': registries,
  'the lock file serves every machine': lockFile,
};

// ---------------------------------------------------------------------------------------------------------------------

const file = (path: string, ...lines: string[]): File => ({ path, text: `${lines.join('\n')}\n` });

/** A small tree in which everything is as it should be; each planted file is added to it. */
const CLEAN: readonly File[] = [
  file('README.md', '# A title', '## Part', '```sh', '# a comment', '```'),
  file('package.json', '{ "dependencies": { "inversify": "8", "rxjs": "7", "reflect-metadata": "0" } }'),
  file('package-lock.json', '{ "packages": { "node_modules/a": { "version": "1" } } }'),
  file('src/base/prng.ts', 'export class Prng {}'),
  file('src/mm/units.ts', "import { Prng } from '../base/prng.js';", 'export const first = Prng;'),
  file('src/handler/index.ts', "export * from '../mm/units.js';"),
  file('src/strategies/index.ts', "export * from '../mm/units.js';"),
  file('src/host/host.ts', "import type { first } from '../handler/index.js';", 'export type First = typeof first;'),
  file('src/events/ring.ts', "import { Subject } from 'rxjs';", 'export const ring = new Subject();'),
  file('src/migration/service.ts', "import { injectable } from 'inversify';", "export * from '../events/ring.js';"),
  file('src/migration/tokens.ts', "import type { ServiceIdentifier } from 'inversify';"),
  file('src/migration/migration-module.ts', "import { ContainerModule } from 'inversify';", "import './tokens.js';"),
  file('src/strategies/shared.ts', "import type { Observable } from 'rxjs';", 'export type Seen = Observable<1>;'),
  file('src/strategies/offline/capture.ts', "export * from '../shared.js';", "export * from '../../host/host.js';"),
  file(
    'src/index.ts',
    "import 'reflect-metadata';",
    "import './migration/migration-module.js';",
    "export * from './migration/service.js';",
    "export * from './strategies/offline/capture.js';",
    "export { default } from 'vacate/plugins/ours';",
  ),
  file(
    'src/cli/main.ts',
    "import { argv } from 'node:process';",
    "import '../index.js';",
    'console.log(argv, new Date());',
  ),
  ...['README.md', 'index.ts', 'handler.ts', 'refusals.ts', 'ours.test.ts'].map((name) =>
    name === 'README.md'
      ? file(`plugins/ours/${name}`, '# ours')
      : file(`plugins/ours/${name}`, "import 'vacate/handler';", "import './refusals.js';"),
  ),
  file('examples/hello.ts', "import 'vacate';", "import 'vacate/plugins/ours';", "import './world.js';"),
];

const long = (nrLines: number) => Array.from({ length: nrLines }, (_, line) => `  void ${line};`);

/** Files that break a rule, and what the rule must say about each. A file of the same path replaces the clean one. */
const PLANTED: readonly (readonly [rule: Rule, planted: File, says: string])[] = [
  [layers, file('src/mm/bad.ts', "import '../sim/buddy.js';"), 'sim (layer 3) is above it'],
  [layers, file('src/sim/bad.ts', "export * from '../migration/service.js';"), 'its equal, hence a stranger'],
  [layers, file('src/sim/bad.ts', "type A = import('../linux/host.js').A;"), 'its equal'],
  [layers, file('src/sim/bad.ts', "const late = () => import('../cli/main.js');"), 'cli (layer 8) is above it'],
  [layers, file('src/sim/bad.ts', "new Worker(new URL('../workers/main.js', import.meta.url));"), 'workers (layer 5)'],
  [layers, file('src/server/bad.ts', "const late = () => import('../cli/main.js');"), 'cli (layer 8) is above it'],
  [layers, file('src/server/bad.ts', "import '../browser/main.js';"), 'its equal, hence a stranger'],
  [layers, file('src/host/bad.ts', "import { first } from '../handler/index.js';"), 'write import type'],
  [layers, file('src/handler/bad.ts', "import type { First } from '../host/host.js';"), 'its equal'],
  [layers, file('src/strategies/offline/bad.ts', "import '../high-order/tosatti.js';"), 'are strangers'],
  [layers, file('src/sim/bad.ts', "import '../index.js';"), 'src/index.ts stands above'],
  [layers, file('src/cli/bad.ts', "import 'vacate/handler';"), 'import by path'],
  [layers, file('src/sim/bad.ts', "import 'vacate/plugins/ours';"), 'no layer below the container knows a plugin'],
  [layers, file('src/sim/bad.ts', "import '../../plugins/ours/index.js';"), 'no layer below the container knows'],
  [layers, file('src/sim/bad.ts', "import '../../test/fixture.js';"), 'nothing that lies outside it'],
  [layers, file('src/index.ts', "export * from './cli/main.js';"), 'cli (layer 8)'],
  [layers, file('src/misc/bad.ts', ''), 'is in no layer'],
  [layers, file('src/sim/bad.ts', "import '../misc/bad.js';"), 'src/misc is in no layer'],
  [layers, file('src/bad.ts', ''), 'lies directly in src'],
  [pluginImports, file('plugins/ours/handler.ts', "import 'vacate';"), 'imports vacate;'],
  [pluginImports, file('plugins/ours/handler.ts', "import 'vacate/testing';"), 'imports vacate/testing;'],
  [pluginImports, file('plugins/ours/handler.ts', "import '../theirs/handler.js';"), 'files of plugins/ours/'],
  [pluginImports, file('plugins/ours/handler.ts', "import '../../src/mm/units.js';"), 'files of plugins/ours/'],
  [exampleImports, file('examples/bad.ts', "import '../src/index.js';"), 'imports ../src/index.js'],
  [exampleImports, file('examples/bad.ts', "import 'rxjs';"), 'imports rxjs'],
  [quarantines, file('src/sim/bad.ts', "import { Subject } from 'rxjs';"), 'no rxjs here'],
  [quarantines, file('src/sim/bad.ts', "import { type Subject } from 'rxjs';"), 'no rxjs here'],
  [quarantines, file('src/sim/bad.ts', "import 'rxjs/operators';"), 'no rxjs here'],
  [quarantines, file('src/container/bad.ts', "import 'reflect-metadata/lite';"), 'no reflect-metadata here'],
  [quarantines, file('src/cli/bad.ts', "import type { Redis } from 'ioredis';"), 'no queue here'],
  [quarantines, file('src/server/bad.ts', "const late = () => import('bullmq');"), 'no queue here'],
  [quarantines, file('src/testing/bad.ts', "import 'node:fs';"), 'no Node here'],
  [quarantines, file('src/sim/bad.ts', "import { readFileSync } from 'fs';"), 'no Node here'],
  [quarantines, file('src/container/bad.ts', "import type { Stats } from 'node:fs';"), 'no Node here'],
  [inversify, file('src/sim/bad.ts', "import { injectable } from 'inversify';"), 'bind it in a module'],
  [inversify, file('src/host/bad.ts', "import type { Container } from 'inversify';"), 'bind it in a module'],
  [inversify, file('src/migration/bad.ts', "import { Container } from 'inversify';"), 'bind it in a module'],
  [inversify, file('src/strategies/bad.ts', "import * as di from 'inversify';"), 'bind it in a module'],
  [dependencies, file('src/testing/bad.ts', "import fc from 'fast-check';"), '"dependencies" does not list'],
  [deadFiles, file('src/sim/bad.ts', "import '../base/prng.js';"), 'src/sim/bad.ts is reached from no entry point'],
  [deadFiles, file('src/index.ts', "export {} from './strategies/shared.js';"), 'src/migration/service.ts is reached'],
  [pluginFolders, file('plugins/ours/util.ts', ''), 'plugins/ours/util.ts is one too many'],
  [pluginFolders, file('plugins/theirs/index.ts', ''), 'plugins/theirs lacks README.md'],
  [pluginFolders, file('plugins/notes.md', '# Notes'), 'plugins/notes.md'],
  [topLevel, file('scripts/release.sh', ''), 'scripts does not belong'],
  [topLevel, file('jest.config.js', ''), 'jest.config.js does not belong'],
  [functionLengths, file('src/sim/bad.ts', 'function far() {', ...long(69), '}'), 'far has 71 lines'],
  [functionLengths, file('src/sim/bad.ts', 'class A {', '  go() {', ...long(69), '  }', '}'), 'go has 71 lines'],
  [functionLengths, file('test/bad.test.ts', "it('', () => {", ...long(69), '});'), 'a function has 71 lines'],
  [functionLengths, file('test/run.mjs', 'export const far = () => {', ...long(69), '};'), '71 lines'],
  [fileLengths, file('src/sim/bad.ts', ...long(501)), 'src/sim/bad.ts has 501 lines'],
  [clockAndChance, file('src/base/bad.ts', 'Math.random();'), 'uses Math.random'],
  [clockAndChance, file('src/sim/bad.ts', 'globalThis.Math.random();'), 'uses Math.random'],
  [clockAndChance, file('src/sim/bad.ts', "Math['random']();"), 'uses Math.random'],
  [clockAndChance, file('src/sim/bad.ts', 'const { random: draw } = Math;'), 'uses Math.random'],
  [clockAndChance, file('src/scenario/bad.ts', 'const now = Date.now;'), 'uses Date.now'],
  [clockAndChance, file('src/host/bad.ts', 'const now = new Date();'), 'uses new Date'],
  [clockAndChance, file('src/migration/bad.ts', 'performance.now();'), 'uses performance.now'],
  [printing, file('src/sim/bad.ts', "console.error('no');"), 'uses console.error'],
  [printing, file('plugins/ours/handler.ts', "console.log('no');"), 'uses console.log'],
  [headings, file('README.md', '# One', '# Two'), 'README.md has 2 titles'],
  [headings, file('examples/README.md', 'no title'), 'has 0 titles'],
  [registries, file('.npmrc', `registry=${'https:'}//registry.example.org/`), '.npmrc names a package registry'],
  [lockFile, file('package-lock.json', '{ "packages": { "a": { "resolved": "b" } } }'), 'a is "resolved"'],
  [lockFile, file('package-lock.json', '{ "packages": { "a": { "optionalDependencies": { "b": "1" } } } }'), 'lacks b'],
];

describe('the tree', () => {
  const tree = readTree(fileURLToPath(new URL('..', import.meta.url)));
  it.each(Object.entries(RULES))('%s', (_name, rule) => {
    expect(rule(tree)).toEqual([]);
  });
});

describe('a clean tree', () => {
  it.each(Object.entries(RULES))('passes: %s', (_name, rule) => {
    expect(rule(CLEAN)).toEqual([]);
  });

  it('may have a function of 70 lines, and a longer chapter of tests', () => {
    const most = file('src/sim/most.ts', 'function most() {', ...long(68), '}');
    const chapter = file('test/most.test.ts', "describe('', () => {", ...long(80), '});');
    expect(functionLengths([most, chapter])).toEqual([]);
  });
});

describe('a planted violation', () => {
  it.each(PLANTED.map(([rule, planted, says]) => [planted.path, says, rule, planted] as const))(
    'in %s is found: %s',
    (_path, says, rule, planted) => {
      const problems = rule([...CLEAN.filter(({ path }) => path !== planted.path), planted]);
      expect(problems.join('\n')).toContain(says);
    },
  );

  it('is found when an entry point is missing', () => {
    expect(deadFiles(CLEAN.filter(({ path }) => path !== 'src/cli/main.ts'))).toContain(
      'entry point src/cli/main.ts is missing',
    );
  });

  it('exists for every rule', () => {
    const proved = new Set(PLANTED.map(([rule]) => rule));
    expect(Object.entries(RULES).filter(([, rule]) => !proved.has(rule))).toEqual([]);
  });
});
