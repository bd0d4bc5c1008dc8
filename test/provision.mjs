import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fetchKernel, KERNEL_SERIES } from './guest/fetch-kernel.mjs';

/**
 * What suites need beyond npm: a command or a file, the Debian package that brings it, and the suites that cannot do
 * without it.
 *
 * @typedef {{ command?: string, file?: string, debianPackage: string, suites: readonly string[] }} Need
 * @typedef {{ suite: string, because: string }} SkippedSuite
 */

/** Suites that boot a guest: all in its folder, each by its own name, so that a report says which were left out. */
const GUEST_SUITES = suitesIn('guest');

/** Suites that open the page of `vacate view` in a browser. */
const BROWSER_SUITES = suitesIn('browser');

/** Suites in which workers do jobs that a Redis hands out. */
const QUEUE_SUITES = suitesIn('dist/queue');

function suitesIn(folder) {
  return readdirSync(new URL(`${folder}/`, import.meta.url))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${folder}/${name}`);
}

/** @type {readonly Need[]} */
export const NEEDS = [
  { command: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86', suites: GUEST_SUITES },
  { command: 'busybox', debianPackage: 'busybox-static', suites: GUEST_SUITES },
  { command: 'mkfs.ext4', debianPackage: 'e2fsprogs', suites: GUEST_SUITES },
  { command: 'gcc', debianPackage: 'gcc', suites: GUEST_SUITES },
  { file: '/usr/include/stdio.h', debianPackage: 'libc6-dev', suites: GUEST_SUITES },
  { file: '/usr/bin/chromium', debianPackage: 'chromium', suites: BROWSER_SUITES },
  { command: 'redis-server', debianPackage: 'redis-server', suites: QUEUE_SUITES },
  { command: 'openssl', debianPackage: 'openssl', suites: QUEUE_SUITES },
];

/**
 * Installs what is missing where that is possible (root, on Debian or a relative of it), and says which suites must be
 * left out where it is not. A suite is never left out in silence: the caller prints what this returns, and counts it.
 *
 * @param {readonly Need[]} needs
 * @returns {SkippedSuite[]}
 */
export function provision(needs = NEEDS) {
  const missing = needs.filter((need) => !isThere(need));
  const because = missing.length === 0 ? '' : (obstacleToInstalling() ?? install(missing));
  const lacking = missing.filter((need) => !isThere(need));
  const skipped = lacking.flatMap(({ command, file, debianPackage, suites }) =>
    suites.map((suite) => ({
      suite,
      because: `it needs ${command ?? file} (Debian package ${debianPackage}): ${because}`,
    })),
  );
  const canBoot = !skipped.some(({ suite }) => GUEST_SUITES.includes(suite));
  return onePerSuite([...skipped, ...(canBoot ? provisionKernels() : [])]);
}

/** Guests run the node of this machine, on kernels that come as packages but are not installed. */
function provisionKernels() {
  if (process.arch !== 'x64')
    return GUEST_SUITES.map((suite) => ({ suite, because: `its guest is x86-64, and this node is ${process.arch}` }));
  try {
    for (const series of KERNEL_SERIES) fetchKernel(series);
    return [];
  } catch (error) {
    return GUEST_SUITES.map((suite) => ({ suite, because: `it needs the kernels of Debian: ${error.message}` }));
  }
}

/** The first reason is enough; a suite that lacks three things is left out once. */
function onePerSuite(skipped) {
  return skipped.filter(({ suite }, index) => skipped.findIndex((other) => other.suite === suite) === index);
}

function obstacleToInstalling() {
  if (!existsSync('/etc/debian_version')) return 'only on Debian is it installed for you';
  if (process.getuid?.() !== 0) return 'only root can install it';
  return null;
}

/** Returns a sentence on how it went, of interest only if something is still missing afterwards. */
function install(needs) {
  const packages = needs.map(({ debianPackage }) => debianPackage);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: environment }).status;
  const update = aptGet('update');
  if (update !== 0) return `apt-get update ended with ${update ?? 'a signal'}`;
  const options = ['--yes', '--no-install-recommends'];
  if (aptGet('install', ...options, ...packages) === 0) return 'its package did not bring it';
  // One package that is not to be had must not keep the others away.
  for (const name of new Set(packages)) aptGet('install', ...options, name);
  return 'apt-get could not install it';
}

function isThere({ command, file }) {
  if (file !== undefined) return existsSync(file);
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command], { stdio: 'ignore' }).status === 0;
}
