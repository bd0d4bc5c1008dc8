import { accessSync, constants } from 'node:fs';
import { codeOf } from '../../base/errno.js';
import { VacateError } from '../../base/vacate-error.js';
import { identityOf } from '../../linux/hotplug/process-identity.js';
import { remainsOf } from '../../linux/hotplug/recover-run.js';
import { StateWriter } from '../../linux/hotplug/state-writer.js';
import { SysfsBlockStates } from '../../linux/hotplug/sysfs-block-states.js';
import { WALL_CLOCK } from '../../linux/hotplug/wall-clock.js';
import { bootOf, JOURNAL, Journal, newRunId } from '../../linux/journal/journal.js';
import type { JournaledRun } from '../../linux/journal/journal-runs.js';
import { type LinuxTree } from '../../linux/linux-tree.js';
import { blockPath } from '../../linux/sysfs-memory.js';
import type { BlockId } from '../../mm/units.js';

/** What it takes to write to a host: its blocks, the processes that write, and the journal, locked. */
export interface LiveRun {
  readonly tree: LinuxTree;
  readonly states: SysfsBlockStates;
  readonly journal: Journal;
  /** Notes that a run begins, and gives what writes for it. */
  begin(command: string): StateWriter;
  close(): Promise<void>;
}

/** Where the journal of a host lies: the user's word, or below the host's root. */
export function journalPath(tree: LinuxTree, named: string | undefined): string {
  return named ?? tree.at(JOURNAL);
}

/**
 * Gets ready to write to a host, with processes that are ready when they are needed.
 *
 * @throws VacateError kind 'host' if the journal cannot be written, is in use, or has a run that was killed.
 */
export function openLiveRun(tree: LinuxTree, blockBytes: number, journalName: string | undefined): LiveRun {
  const journal = new Journal(journalPath(tree, journalName));
  const states = new SysfsBlockStates(tree, blockBytes);
  try {
    checkRemains(journal.unfinished, journal.path, states, bootOf(tree));
  } catch (error) {
    journal.close();
    throw error;
  }
  states.prepare();
  return {
    tree,
    states,
    journal,
    begin(command) {
      const run = newRunId(new Date());
      const self = identityOf(process.pid);
      if (self === null) throw new VacateError('host', 'This process cannot find itself in /proc.');
      journal.append({ kind: 'begin', run, command, boot: bootOf(tree), process: self });
      return new StateWriter(states, journal, run, WALL_CLOCK);
    },
    async close() {
      await states.close();
      journal.close();
    },
  };
}

/** A second run on top of what a killed one left would make it impossible to say what was before. */
function checkRemains(
  unfinished: readonly JournaledRun[],
  path: string,
  states: SysfsBlockStates,
  boot: string | null,
): void {
  for (const run of unfinished) {
    const { blocks, writers } = remainsOf(run, states, boot);
    if (blocks.length === 0 && writers.length === 0) continue;
    const names = blocks.map(({ block }) => block).sort((a, b) => a - b);
    throw new VacateError(
      'host',
      `an earlier run was killed and left memory blocks offline (${names.join(', ')}), as ${path} says; ` +
        'bring them back with vacate recover first.',
    );
  }
}

/**
 * Whether the kernel would take a word from us at all; asked before anything is done.
 *
 * @throws VacateError kind 'host' if not.
 */
export function checkWritable(tree: LinuxTree, blocks: readonly BlockId[]): void {
  for (const block of blocks) {
    const path = tree.at(`${blockPath(block)}/state`);
    try {
      accessSync(path, constants.W_OK);
    } catch (cause) {
      const code = codeOf(cause);
      const remedy =
        code === 'EACCES' || code === 'EPERM'
          ? 'run as root'
          : code === 'EROFS'
            ? 'sysfs is mounted read-only here, as in a container; run on the host itself'
            : 'this kernel cannot take memory offline (CONFIG_MEMORY_HOTREMOVE)';
      throw new VacateError('host', `${path} cannot be written (${code}): ${remedy}.`, { cause });
    }
  }
}
