import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Compiles the AssemblyScript of this folder into ../module-bytes.ts, which is kept in the repository: tests, browsers
 * and a clean clone have it without a compiler. Nothing is done if the file says that it comes from these sources.
 * `--check` compiles in any case, and fails if the file is not what comes out.
 */

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const TARGET = join(FOLDER, '..', 'module-bytes.ts');

/** No run-time library, no bounds other than those of the memory, which is given and may be as large as any. */
const OPTIONS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--disable', 'mutable-globals'],
  ...['--importMemory', '--initialMemory', '0', '--maximumMemory', '65536'],
];

function main() {
  const mustCompile = process.argv.includes('--check');
  const kept = readIfThere(TARGET);
  const source = sourceHash();
  if (!mustCompile && kept.includes(source)) return;
  const text = moduleText(compile(), source);
  if (!mustCompile) writeFileSync(TARGET, text);
  else if (kept !== text) {
    process.stderr.write('src/simd/module-bytes.ts is not what its sources compile to: npm run build, and commit it\n');
    process.exitCode = 1;
  }
}

/** Of everything that the bytes depend on. */
function sourceHash() {
  const hash = createHash('sha256');
  for (const name of readdirSync(FOLDER).sort())
    if (name.endsWith('.ts')) hash.update(`${name}\n${readFileSync(join(FOLDER, name), 'utf8')}\n`);
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json');
  return hash
    .update(`${version} ${OPTIONS.join(' ')}`)
    .digest('hex')
    .slice(0, 16);
}

function compile() {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js');
  const folder = mkdtempSync(join(tmpdir(), 'vacate-simd-'));
  try {
    const outFile = join(folder, 'module.wasm');
    const args = [compiler, join(FOLDER, 'index.ts'), '--outFile', outFile, ...OPTIONS];
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error('src/simd/assembly does not compile; what is wrong stands above');
    return readFileSync(outFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines of the width that the formatter keeps. */
function moduleText(bytes, source) {
  const lines = bytes.toString('base64').match(/.{1,112}/g);
  return [
    `/** What src/simd/assembly compiles to, in base64; by its build.mjs, from sources ${source}. */`,
    'export const MODULE_BYTES = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

main();
