import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { command, GUEST_SOURCES } from './places.js';

/** The kernels that guests boot, by series; fetch-kernel.mjs has the newest package of each. */
export type KernelSeries = '6.1' | '6.12';

export interface GuestKernel {
  /** As `uname -r` has it. */
  readonly release: string;
  readonly vmlinuz: string;
  /** `lib/modules/RELEASE` of the package. */
  readonly modules: string;
}

export interface KernelModule {
  /** Without `.ko`. */
  readonly name: string;
  readonly content: Buffer;
}

export function findKernel(series: KernelSeries): GuestKernel {
  const folder = command(process.execPath, [join(GUEST_SOURCES, 'fetch-kernel.mjs'), series])
    .toString()
    .trim();
  const image = readdirSync(join(folder, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error(`${folder} has no boot/vmlinuz-*: delete it, and it is fetched again`);
  const release = image.slice('vmlinuz-'.length);
  return { release, vmlinuz: join(folder, 'boot', image), modules: join(folder, 'lib/modules', release) };
}

/**
 * The modules of those names and what they need, in an order in which they load. The package has no modules.dep
 * (installing it would make that), so the order comes from what each module says of itself.
 *
 * @throws {Error} if a module is neither there nor built into the kernel
 */
export function modulesInOrder(kernel: GuestKernel, wanted: readonly string[]): KernelModule[] {
  const files = new Map<string, string>();
  for (const path of readdirSync(kernel.modules, { recursive: true, encoding: 'utf8' }))
    if (/\.ko(\.xz)?$/.test(path)) files.set(moduleName(path), join(kernel.modules, path));
  const builtin = new Set(readFileSync(join(kernel.modules, 'modules.builtin'), 'utf8').split('\n').map(moduleName));
  const ordered = new Map<string, KernelModule>();
  const add = (name: string) => {
    if (ordered.has(name) || builtin.has(name)) return;
    const path = files.get(name);
    if (path === undefined) throw new Error(`Linux ${kernel.release} has no module ${name}`);
    const content = path.endsWith('.xz') ? command('busybox', ['unxz', '-c', path]) : readFileSync(path);
    for (const needed of dependenciesOf(content)) add(needed);
    ordered.set(name, { name, content });
  };
  for (const name of wanted) add(name);
  return [...ordered.values()];
}

/** "kernel/crypto/lzo-rle.ko.xz" -> "lzo_rle"; the kernel takes both dashes for one. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_');
}

/** The "depends" of a module's .modinfo section: names between commas, ended by a zero byte. */
function dependenciesOf(content: Buffer): string[] {
  const mark = '\0depends=';
  const at = content.indexOf(mark);
  if (at < 0) return [];
  const start = at + mark.length;
  const names = content.subarray(start, content.indexOf(0, start)).toString('latin1');
  return names === '' ? [] : names.split(',').map(moduleName);
}
