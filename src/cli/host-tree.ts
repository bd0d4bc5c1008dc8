import { statSync } from 'node:fs';
import { VacateError } from '../base/vacate-error.js';
import { LinuxTree } from '../linux/linux-tree.js';

/**
 * The host below a directory: "/" without one.
 *
 * @throws VacateError kind 'usage' unless that is a directory.
 */
export function treeOf(root: string | undefined): LinuxTree {
  if (root === undefined) return new LinuxTree();
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return new LinuxTree(root);
  throw new VacateError(
    'usage',
    `--root "${root}" is ${stats === undefined ? 'not there' : 'no directory'}; name one that holds a copy of a ` +
      "host's /proc and /sys",
  );
}
