/*
 * What the published package says of itself, from what the checkout says. The checkout's own names lead to what the
 * compiler writes, so that nobody has to pack anything to work here; the published ones lead to `lib`.
 */

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
 * The published package.json.
 *
 * @param {object} manifest The checkout's.
 * @param {object} built
 * @param {readonly string[]} built.packages What the code needs at run time.
 * @param {readonly string[]} built.files What lies in `lib`.
 * @throws An error for a package that is needed and not declared.
 */
export function publishedManifest(manifest, { packages, files }) {
  const { dependencies, optionalDependencies } = manifest;
  const declared = Object.keys({ ...dependencies, ...optionalDependencies });
  for (const name of packages) if (!declared.includes(name)) throw new Error(`${name} is needed, and is no dependency`);
  const target = (subpath) => ({ types: `./lib/${fileOf(subpath)}.d.ts`, default: `./lib/${fileOf(subpath)}.js` });
  return {
    ...Object.fromEntries(KEPT.map((key) => [key, manifest[key]])),
    bin: { vacate: 'lib/main.js' },
    sideEffects: files.filter((file) => HAVE_EFFECTS.test(file)).map((file) => `./lib/${file}`),
    exports: Object.fromEntries(
      Object.entries(manifest.exports).map(([subpath, to]) => [
        subpath,
        typeof to === 'string' ? to.replace(/^\.\/dist\//, './') : target(subpath),
      ]),
    ),
    dependencies,
    optionalDependencies,
  };
}

/** "./handler" is the file "handler", "." is "index", "./plugins/*" is "plugins/*" with an index. */
function fileOf(subpath) {
  if (subpath === '.') return 'index';
  return subpath.slice(2).replace(/\*$/, '*/index');
}
