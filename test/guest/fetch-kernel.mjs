import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/*
 * Debian's kernels, unpacked beside the caches of other programs: what a guest boots. Run with a series, it prints the
 * folder that has its kernel, and fetches that first if need be. Plain JavaScript, because provisioning comes before
 * the build.
 */

/** The series that guests boot: Debian 12's own, and the one that its backports bring. */
export const KERNEL_SERIES = ['6.1', '6.12'];

/** Where what guests are made of is kept between runs. All of it can be deleted at any time. */
export const GUEST_CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'vacate-guest');

/**
 * The folder that holds the unpacked kernel package of a series (`boot/`, `lib/modules/`); fetched if it is not there.
 *
 * @param {string} series '6.1' or '6.12'
 * @returns {string}
 * @throws {Error} with a sentence on what is missing
 */
export function fetchKernel(series) {
  const folder = join(GUEST_CACHE, `kernel-${series}`);
  if (existsSync(join(folder, 'boot'))) return folder;
  mkdirSync(GUEST_CACHE, { recursive: true });
  const work = mkdtempSync(join(GUEST_CACHE, 'fetch-'));
  try {
    const name = newestPackage(series);
    run('apt-get', ['download', name], work);
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get download ${name} brought nothing`);
    run('dpkg', ['-x', archive, 'tree'], work);
    moveInPlace(join(work, 'tree'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/** The newest cloud kernel of a series in the package lists: they are small, and have all that guests need. */
function newestPackage(series) {
  const pattern = `^linux-image-${series.replace('.', '\\.')}[.+a-z0-9-]*-cloud-amd64-unsigned$`;
  const search = () =>
    run('apt-cache', ['search', '--names-only', pattern])
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '')
      .filter((name) => name.startsWith(`linux-image-${series}.`))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  let names = search();
  if (names.length === 0) {
    run('apt-get', ['update']);
    names = search();
  }
  const newest = names.at(-1);
  if (newest === undefined) throw new Error(`the package lists have no linux-image-${series}…-cloud-amd64-unsigned`);
  return newest;
}

/** Another run may have been faster; its result is as good. */
function moveInPlace(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(join(to, 'boot'))) throw error;
  }
}

function run(command, args, cwd = '/') {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${command} cannot be run here: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status ?? 'a signal'}: ${stderr.trim()}`);
  return stdout;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(fetchKernel(process.argv[2] ?? ''));
