import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/*
 * The package as a stranger has it: made, packed, and unpacked into an empty project. What it depends on is linked from
 * the checkout, since no test may need a network.
 */

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/.bin/tsc');

export interface Ran {
  /** 0, or what it ended with. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

/** An empty project with the package in it. */
export class Installed {
  private constructor(
    readonly folder: string,
    /** What the packed file has. */
    readonly files: readonly PackedFile[],
    /** The packed file itself. */
    readonly tarball: string,
  ) {}

  /** Makes the package anew, from what the compiler has written. */
  static make(): Installed {
    execFileSync(process.execPath, [join(ROOT, 'src/package/build.mjs')], { stdio: 'inherit' });
    const folder = mkdtempSync(join(tmpdir(), 'vacate-installed-'));
    const pack = ['pack', join(ROOT, 'dist/package'), '--json', '--ignore-scripts', '--offline'];
    const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: folder, encoding: 'utf8' }));
    const home = join(folder, 'node_modules/vacate');
    mkdirSync(home, { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', home, '--strip-components=1']);
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    // What a program has besides: types of Node, as everybody who compiles for it installs them.
    for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
      mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    const bin = join(home, manifest.bin.vacate);
    chmodSync(bin, 0o755);
    mkdirSync(join(folder, 'node_modules/.bin'));
    symlinkSync(bin, join(folder, 'node_modules/.bin/vacate'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    return new Installed(folder, packed.files, join(folder, packed.filename));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** A file or folder of the checkout, as if the user had it. */
  bring(from: string, to: string): void {
    if (!existsSync(join(this.folder, to))) cpSync(join(ROOT, from), join(this.folder, to), { recursive: true });
  }

  node(...args: string[]): Promise<Ran> {
    return ran(process.execPath, args, this.folder);
  }

  vacate(...args: string[]): Promise<Ran> {
    return ran(join(this.folder, 'node_modules/.bin/vacate'), args, this.folder);
  }

  /** Type-checks, libraries too; the complaints, empty if there are none. */
  async compile(options: Readonly<Record<string, unknown>>, files: readonly string[]): Promise<string> {
    const shared = { target: 'es2022', strict: true, skipLibCheck: false, types: ['node'], rootDir: '.' };
    this.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...shared, ...options }, files }));
    return (await ran(process.execPath, [TSC, '-p', 'tsconfig.json'], this.folder)).stdout;
  }
}

async function ran(program: string, args: readonly string[], cwd: string): Promise<Ran> {
  // As a child of jest, Node's test runner would report to a parent that does not listen.
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, FORCE_COLOR: _color, ...env } = process.env;
  try {
    return { exitCode: 0, ...(await promisify(execFile)(program, args, { cwd, env, maxBuffer: 2 ** 26 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}
