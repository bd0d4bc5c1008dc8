import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type GuestKernel, modulesInOrder } from './kernel.js';
import { cached, command, GUEST_SOURCES, PACKAGE_ROOT } from './places.js';

/*
 * What a guest boots from. The initramfs is small, so that a boot is quick and little of memory is its: a shell, the
 * agent, the workload. Node and our build come on read-only disks, whose pages the guest's kernel reads when they are
 * needed and can drop, as on any host.
 */

/** Changes here make new images. */
const RECIPE = '3';

const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_console', 'zram'];

/** Not always there, and needed by no module by name: what 6.1's zram compresses with. */
const OPTIONAL_MODULES = ['lzo_rle'];

const FOLDERS = ['bin', 'dev', 'proc', 'sys', 'tmp', 'root', 'etc', 'modules', 'tools', 'vacate', 'data', 'lib'];

/** Room that a disk has beyond its files, for what ext4 needs itself. */
const DISK_SLACK = 1.15;
const DISK_SLACK_BYTES = 8 << 20;

/** A C source of this folder as a static program. */
export function compiled(source: string): string {
  const path = join(GUEST_SOURCES, source);
  return cached(basename(source, '.c'), [RECIPE, readFileSync(path)], (made) => {
    command('gcc', ['-static', '-O2', '-Wall', '-pthread', '-o', made, path]);
  });
}

/** The first file system of a guest, as the kernel unpacks it: an archive for this kernel, not compressed. */
export function makeInitramfs(kernel: GuestKernel): string {
  const init = readFileSync(join(GUEST_SOURCES, 'init.sh'));
  const programs = { agent: compiled('agent.c'), workload: compiled('workload.c') };
  return cached(`initramfs-${kernel.release}`, [RECIPE, init, ...Object.values(programs)], (made) => {
    const tree = `${made}.tree`;
    for (const folder of FOLDERS) mkdirSync(join(tree, folder), { recursive: true });
    writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
    copyFileSync(commandPath('busybox'), join(tree, 'bin/busybox'));
    for (const applet of command('busybox', ['--list']).toString().trim().split('\n'))
      if (applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
    for (const [name, path] of Object.entries(programs)) {
      copyFileSync(path, join(tree, 'bin', name));
      chmodSync(join(tree, 'bin', name), 0o755);
    }
    symlinkSync('/tools/lib', join(tree, 'lib64')); // where programs look for their loader
    symlinkSync('/tools/lib', join(tree, 'lib/x86_64-linux-gnu'));
    writeModules(kernel, join(tree, 'modules'));
    const names = ['.', ...readdirSync(tree, { recursive: true, encoding: 'utf8' })];
    writeFileSync(made, command('busybox', ['cpio', '-o', '-H', 'newc'], { cwd: tree, input: names.join('\n') }));
  });
}

function writeModules(kernel: GuestKernel, folder: string): void {
  const optional = OPTIONAL_MODULES.flatMap((name) => {
    try {
      return modulesInOrder(kernel, [name]);
    } catch {
      return [];
    }
  });
  const modules = [...optional, ...modulesInOrder(kernel, MODULES)];
  const names = [...new Set(modules.map(({ name }) => name))];
  for (const { name, content } of modules) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'order'), names.map((name) => `${name}\n`).join(''));
}

/**
 * V8 makes code unwritable after each change to it. What that costs an emulated processor, which translates the page once
 * more, is a fifth of the time that a command takes to start. A later V8 may have no such option.
 */
function flagsFor(node: string): string {
  const option = '--write-protect-code-memory';
  return command(node, ['--v8-options']).includes(option) ? option.replace('--', '--no-') : '';
}

/** A disk with the running node, the libraries that it needs, and the packages that our build needs. */
export function makeToolsDisk(): string {
  const lock = readFileSync(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8');
  const node = realpathSync(process.execPath);
  const { size, mtimeMs } = statSync(node);
  return cached('tools', [RECIPE, lock, node, process.version, `${size} ${mtimeMs}`], (made) => {
    const tree = `${made}.tree`;
    mkdirSync(join(tree, 'bin'), { recursive: true });
    mkdirSync(join(tree, 'lib'));
    copyFileSync(node, join(tree, 'bin/node'));
    for (const library of librariesOf(node)) copyFileSync(library, join(tree, 'lib', basename(library)));
    const vacate = `#!/bin/sh\nexec /tools/bin/node ${flagsFor(node)} /vacate/dist/cli/main.js "$@"\n`;
    writeFileSync(join(tree, 'bin/vacate'), vacate, { mode: 0o755 });
    for (const folder of productionPackages(lock)) copyFolder(join(PACKAGE_ROOT, folder), join(tree, folder));
    makeDisk(made, tree);
  });
}

/** A disk with our build as it is now. */
export function makeVacateDisk(path: string): void {
  if (!existsSync(join(PACKAGE_ROOT, 'dist/cli/main.js')))
    throw new Error('there is no build to run in a guest: npm run build');
  const tree = `${path}.tree`;
  for (const name of ['package.json', 'dist/cli', 'dist/scenario.schema.json', 'examples/scenarios'])
    copyFolder(join(PACKAGE_ROOT, name), join(tree, name));
  symlinkSync('/tools/node_modules', join(tree, 'node_modules'));
  makeDisk(path, tree);
  rmSync(tree, { recursive: true });
}

/** An empty ext4 with a journal, for the guest's files; sparse, and made completely, or the guest would go on. */
export function makeDataDisk(path: string, bytes: number): void {
  writeFileSync(path, '');
  truncateSync(path, bytes);
  command('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', path]);
}

function makeDisk(path: string, tree: string): void {
  const bytes = readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(tree, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + Math.ceil(size / 4096 + 1) * 4096, 0);
  writeFileSync(path, '');
  truncateSync(path, Math.ceil(bytes * DISK_SLACK) + DISK_SLACK_BYTES);
  command('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-m', '0', '-d', tree, path]);
}

function copyFolder(from: string, to: string): void {
  if (!existsSync(from)) return; // an optional package, or one for another platform
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

/** What `npm ci --omit=dev --omit=optional` would install, by the lock file. */
function productionPackages(lock: string): string[] {
  const packages: Record<string, { dev?: boolean; optional?: boolean }> = JSON.parse(lock).packages;
  return Object.entries(packages)
    .filter(([folder, { dev, optional }]) => folder.startsWith('node_modules/') && dev !== true && optional !== true)
    .map(([folder]) => folder);
}

/** "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x7f…)" and "/lib64/ld-linux-x86-64.so.2 (0x7f…)". */
function librariesOf(program: string): string[] {
  return [
    ...command('ldd', [program])
      .toString()
      .matchAll(/(\/\S+) \(0x/g),
  ].map(([, path]) => path as string);
}

function commandPath(name: string): string {
  return command('sh', ['-c', `command -v ${name}`])
    .toString()
    .trim();
}
