/*
 * What the published packages say of themselves, from what the checkout says. The checkout's own names lead to what the
 * compiler writes, so that nobody has to pack anything to work here; the published ones lead to `lib`.
 */

/** The package that the command line is. */
const COMMAND = 'vacate-cli';

/** Below this the command line imports the framework's files. It is nobody else's, and promises nothing. */
export const INTERNAL = 'vacate/internal';

/** Read by npm before anything is installed, or of use to whoever develops vacate only. */
const KEPT = ['name', 'version', 'description', 'license', 'type', 'engines'];

/** Modules that do something when they are loaded: programs, threads, and what prepares the container. */
const HAVE_EFFECTS = /^(index|main|.*-main|.*-worker|.*-keeper)\.js$/;

/**
 * The entries of the package by what their file is called: "index", "handler", "plugins/anonymous/index".
 *
 * @param {object} manifest The checkout's package.json.
 * @param {readonly string[]} plugins What `*` stands for.
 * @returns {Record<string, { code: string, types: string }>} Compiled files, as package.json has them.
 */
export function entriesOf({ exports }, plugins) {
  const entries = {};
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    for (const star of subpath.includes('*') ? plugins : ['']) {
      const at = (path) => path.replace('*', star);
      entries[at(fileOf(subpath))] = { code: at(target.default), types: at(target.types) };
    }
  }
  return entries;
}

/**
 * The package.json of the framework. `npm install vacate` brings the command line along, as long as optional packages are
 * wanted.
 *
 * @param {object} manifest The checkout's.
 * @param {import('./split.mjs').Part} part
 * @throws An error for a package that is needed and not declared.
 */
export function frameworkManifest(manifest, part) {
  const target = (subpath) => ({ types: `./lib/${fileOf(subpath)}.d.ts`, default: `./lib/${fileOf(subpath)}.js` });
  const published = Object.entries(manifest.exports).map(([subpath, to]) => [
    subpath,
    typeof to === 'string' ? to.replace(/^\.\/dist\//, './') : target(subpath),
  ]);
  return {
    ...said(manifest),
    bin: { vacate: 'bin/vacate.js' },
    sideEffects: [...part.files.keys()].filter((file) => HAVE_EFFECTS.test(file)).map((file) => `./lib/${file}`),
    exports: { ...Object.fromEntries(published), [`${INTERNAL.replace('vacate', '.')}/*`]: './lib/*' },
    dependencies: needed(manifest, part.packages),
    optionalDependencies: { [COMMAND]: manifest.version },
  };
}

/**
 * The package.json of the command line. It needs the framework, of its own version and the one copy that others use, and
 * whatever the checkout needs and the framework does not.
 *
 * @param {object} manifest The checkout's.
 * @param {{ framework: import('./split.mjs').Part, command: import('./split.mjs').Part }} parts
 * @throws An error for a package that is needed and not declared.
 */
export function commandManifest(manifest, { framework, command }) {
  const imported = command.packages.filter((name) => name !== manifest.name);
  const required = Object.keys(manifest.dependencies).filter((name) => !framework.packages.includes(name));
  const optional = Object.keys(manifest.optionalDependencies);
  return {
    ...said(manifest),
    name: COMMAND,
    description: 'The command line of vacate, which empties a range of physical memory.',
    bin: { [COMMAND]: 'lib/main.js' },
    exports: { '.': './lib/main.js', './package.json': './package.json' },
    dependencies: needed(manifest, [...required, ...imported.filter((name) => !optional.includes(name))]),
    optionalDependencies: manifest.optionalDependencies,
    peerDependencies: { [manifest.name]: manifest.version },
  };
}

function said(manifest) {
  return Object.fromEntries(KEPT.map((key) => [key, manifest[key]]));
}

function needed({ dependencies }, packages) {
  const version = (name) => {
    if (dependencies[name] === undefined) throw new Error(`${name} is needed, and is no dependency`);
    return dependencies[name];
  };
  return Object.fromEntries([...new Set(packages)].sort().map((name) => [name, version(name)]));
}

/** "./handler" is the file "handler", "." is "index", "./plugins/*" is "plugins/*" with an index. */
function fileOf(subpath) {
  if (subpath === '.') return 'index';
  return subpath.slice(2).replace(/\*$/, '*/index');
}
