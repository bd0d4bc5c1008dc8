import { basename, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/*
 * The compiled modules as a few files that all lie in one folder: one for each entry, one for whatever is started by its
 * address (threads, the process that writes to sysfs), and what they share.
 */

/** `new URL('…', import.meta.url)`: how code names a file that it starts, loads or reads. */
const ADDRESS = /new URL\(\s*(['"`])([^'"`]+)\1,\s*import\.meta\.url\s*\)/g;

/** What the compiler writes at the top of every module with decorators; one copy of each will do. */
const HELPER = /^var (__(?:decorate|metadata|param)) = [\s\S]*?^};\n/gm;
const HELPER_ID = '\0helper:';

const FILES = { format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js' };

/** Comments and local names go; names of classes and functions stay where somebody may read them: in a stack, in a log. */
const MINIFY = {
  compress: { target: 'es2022', keepNames: { function: false, class: true } },
  mangle: { toplevel: true, keepNames: { function: false, class: true } },
  codegen: { removeWhitespace: true },
};

/**
 * Bundles for the packages: few and small files, which are to lie in a folder of their package. Dependencies stay outside.
 *
 * @param {object} wish
 * @param {Record<string, string>} wish.entries What each file is to be called, and the compiled module that it is.
 * @param {string} wish.root The top of the checkout, which the compiled modules lie in `dist` of.
 * @returns {Promise<Map<string, string>>} The text of each file by its name.
 * @throws An error for an address that leads to what is not published.
 */
export async function bundle({ entries, root }) {
  const build = await begun({ entries, root, outside: () => true, beside: (path) => `../${path}` });
  const small = { minify: MINIFY, minifyInternalExports: true, comments: false };
  const { output } = await build.generate({ ...FILES, ...small });
  await build.close();
  return new Map(output.map(({ fileName, code }) => [fileName, code]));
}

/**
 * Bundles for the command line of the checkout: files that load fast. Dependencies are in them, but for some.
 *
 * @param {object} wish
 * @param {Record<string, string>} wish.entries
 * @param {string} wish.root
 * @param {string} wish.dir Two levels below the top of the checkout.
 * @param {readonly string[]} wish.outside Packages that are left where they are.
 */
export async function bundleCommand({ entries, root, dir, outside }) {
  const build = await begun({
    entries,
    root,
    outside: (id) => id.startsWith('node:') || outside.includes(packageOf(id)),
    beside: (path) => (path.startsWith('browser') ? `../${path}` : `../../${path}`),
  });
  await build.write({ ...FILES, dir });
  await build.close();
}

function begun({ entries, root, outside, beside }) {
  const handler = join(root, 'dist/src/handler/index.js');
  return rolldown({
    input: entries,
    platform: 'node',
    external: (id) => !/^[./\0]/.test(id) && id !== 'vacate/handler' && outside(id),
    resolve: { alias: { 'vacate/handler': handler } },
    plugins: [helpers(), addresses(root, entries, beside)],
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message);
    },
  });
}

/** "@scope/name/sub" is of "@scope/name". */
export function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The compiler's helpers as modules of their own. */
function helpers() {
  const texts = new Map();
  return {
    name: 'helpers',
    resolveId: (id) => (id.startsWith(HELPER_ID) ? id : null),
    load: (id) => texts.get(id) ?? null,
    transform(code, id) {
      if (id.startsWith(HELPER_ID)) return null;
      return code.replace(HELPER, (text, name) => {
        texts.set(`${HELPER_ID}${name}`, `export ${text}`);
        return `import { ${name} } from '${HELPER_ID}${name}';\n`;
      });
    },
  };
}

/**
 * Addresses are relative to the module that they stand in. In the package every module lies in `lib`, so each is written
 * anew; a module that is started by its address becomes an entry.
 */
function addresses(root, entries, beside) {
  return {
    name: 'addresses',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return null;
      const emit = (path) => {
        const [known] = Object.entries(entries).find(([, entry]) => entry === path) ?? [];
        if (known !== undefined) return `./${known}.js`;
        const name = basename(path, '.js');
        this.emitFile({ type: 'chunk', id: path, name, fileName: `${name}.js`, preserveSignature: 'strict' });
        return `./${name}.js`;
      };
      return code.replace(ADDRESS, (_all, quote, address) => {
        const target = fileURLToPath(new URL(address, pathToFileURL(id)));
        return `new URL(${quote}${inPackage(relative(root, target), address, beside) ?? emit(target)}${quote}, import.meta.url)`;
      });
    },
  };
}

/** Where what is read, not started, lies, as seen from the files; null for a module. */
function inPackage(path, address, beside) {
  const slashed = path.split('\\').join('/') + (address.endsWith('/') && !path.endsWith('/') ? '/' : '');
  const plugin = /^dist\/plugins\/(.+)$/.exec(decodeURIComponent(slashed));
  if (plugin !== null) return `./plugins/${plugin[1]}`;
  if (slashed.startsWith('dist/browser')) return beside(slashed.slice('dist/'.length));
  if (slashed === 'package.json' || slashed.startsWith('examples/')) return beside(slashed);
  if (/^dist\/src\/.+\.js$/.test(slashed)) return null;
  throw new Error(`${address} leads to ${slashed}, which is not in the package; see src/package/bundle.mjs`);
}
