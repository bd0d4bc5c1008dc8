import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { codeOf } from '../../base/errno.js';
import type { BlockId } from '../../mm/units.js';
import type { StateWord } from '../hotplug/state-words.js';
import { type LinuxTree } from '../linux-tree.js';
import { blockPath } from '../sysfs-memory.js';

/**
 * Writes a word to the `state` of a memory block, and waits for the kernel's answer.
 *
 * @example
 * const dryRun: BlockWriter = {
 *   write(block, word) {
 *     console.log(`would write ${word} to memory${block}/state`);
 *     return null;
 *   },
 * };
 * dryRun.write(40, 'offline'); // null
 */
export interface BlockWriter {
  /** The errno by name, "EBUSY"; null if the kernel did it. */
  write(block: BlockId, word: StateWord): string | null;
}

/**
 * The simplest one: it blocks the thread, and whoever asks for a block that never gets empty waits for ever. What takes
 * memory away for people goes by a process that can be ended (`sysfs-block-states.ts`).
 */
export class DirectBlockWriter implements BlockWriter {
  constructor(private readonly tree: LinuxTree) {}

  write(block: BlockId, word: StateWord): string | null {
    try {
      // A copied tree has plain files: they are to hold the word alone, and none may come into being.
      const file = openSync(this.tree.at(`${blockPath(block)}/state`), constants.O_WRONLY | constants.O_TRUNC);
      try {
        writeSync(file, word);
        return null;
      } finally {
        closeSync(file);
      }
    } catch (error) {
      return codeOf(error);
    }
  }
}
