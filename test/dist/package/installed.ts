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
 * The packages as a stranger has them: made, packed, and unpacked into an empty project. What they depend on is linked
 * from the checkout, since no test may need a network.
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

/** A package as it was packed, and where it lies installed. */
export interface PackedPackage {
  readonly home: string;
  /** What the packed file has. */
  readonly files: readonly PackedFile[];
  /** The packed file itself. */
  readonly tarball: string;
}

/** An empty project with vacate in it. */
export class Installed {
  private constructor(
    readonly folder: string,
    readonly framework: PackedPackage,
    /** Null where optional packages are left out. */
    readonly command: PackedPackage | null,
  ) {}

  /** Makes the packages anew, from what the compiler has written, as `npm install` or `npm install --omit=optional`. */
  static make({ omitsOptional = false } = {}): Installed {
    const folder = mkdtempSync(join(tmpdir(), 'vacate-installed-'));
    execFileSync(process.execPath, [join(ROOT, 'src/package/build.mjs'), join(folder, 'built')], { stdio: 'inherit' });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    const framework = unpacked(folder, 'package', 'vacate');
    const command = omitsOptional ? null : unpacked(folder, 'package-cli', 'vacate-cli');
    rmSync(join(folder, 'built'), { recursive: true });
    // What a program has besides: types of Node, as everybody who compiles for it installs them.
    linkFromCheckout(folder, ['@types/node']);
    return new Installed(folder, framework, command);
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

/** Packs what was built, and has it unpacked and linked as npm would: packages that it needs, and its command. */
function unpacked(folder: string, built: string, name: string): PackedPackage {
  const pack = ['pack', join(folder, 'built', built), '--json', '--ignore-scripts', '--offline'];
  const [{ filename, files }] = JSON.parse(execFileSync('npm', pack, { cwd: folder, encoding: 'utf8' }));
  const [home, tarball] = [join(folder, 'node_modules', name), join(folder, filename)];
  mkdirSync(home);
  execFileSync('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  const { dependencies, bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  linkFromCheckout(folder, Object.keys(dependencies));
  for (const [command, path] of Object.entries(bin as Record<string, string>)) {
    chmodSync(join(home, path), 0o755);
    symlinkSync(join(home, path), join(folder, 'node_modules/.bin', command));
  }
  return { home, files, tarball };
}

function linkFromCheckout(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(ROOT, 'node_modules', name), link);
  }
}
