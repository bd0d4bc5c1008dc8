import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * What suites need beyond npm: a command, the Debian package that brings it, and the suites that cannot do without it.
 *
 * @typedef {{ command: string, debianPackage: string, suites: readonly string[] }} Need
 * @typedef {{ suite: string, because: string }} SkippedSuite
 */

/** @type {readonly Need[]} */
export const NEEDS = [];

/**
 * Installs what is missing where that is possible (root, on Debian or a relative of it), and says which suites must be
 * left out where it is not. A suite is never left out in silence: the caller prints what this returns, and counts it.
 *
 * @param {readonly Need[]} needs
 * @returns {SkippedSuite[]}
 */
export function provision(needs = NEEDS) {
  const missing = needs.filter(({ command }) => !isInstalled(command));
  if (missing.length === 0) return [];
  const obstacle = obstacleToInstalling();
  const because = obstacle ?? install(missing.map(({ debianPackage }) => debianPackage));
  return missing
    .filter(({ command }) => !isInstalled(command))
    .flatMap(({ command, debianPackage, suites }) =>
      suites.map((suite) => ({ suite, because: `it needs ${command} (Debian package ${debianPackage}): ${because}` })),
    );
}

function obstacleToInstalling() {
  if (!existsSync('/etc/debian_version')) return 'only on Debian is it installed for you';
  if (process.getuid?.() !== 0) return 'only root can install it';
  return null;
}

/** Returns a sentence on how it went, of interest only if a command is still missing afterwards. */
function install(packages) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: environment });
    if (status !== 0) return `apt-get ${args[0]} ended with ${status ?? 'a signal'}`;
  }
  return 'its package did not bring it';
}

function isInstalled(command) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command], { stdio: 'ignore' }).status === 0;
}
