import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VacateError } from '../../base/vacate-error.js';
import { identityOf, isAlive, type ProcessIdentity } from '../hotplug/process-identity.js';

/**
 * Only one process works with a journal at a time. Each puts up a file of its own beside it, and gives way if it then
 * sees that of another that lives. So of two that begin together at least one sees the other, and what a killed one
 * left is known by its name: it stands in nobody's way, and anybody may remove it.
 */
export class JournalLock {
  readonly #path: string;

  /** @throws VacateError kind 'host' if another process has it. */
  constructor(journal: string) {
    const self = identityOf(process.pid);
    if (self === null) throw new VacateError('host', 'This process cannot find itself in /proc, so it cannot lock.');
    this.#path = pathFor(journal, self);
    closeSync(openSync(this.#path, 'w', 0o600));
    const holder = holderOf(journal, self.pid);
    if (holder === null) return;
    this.release();
    throw new VacateError(
      'host',
      `another run (process ${holder.pid}) is at work with ${journal}; wait until it has ended.`,
    );
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }
}

/** A process other than `self` that has the journal, null if none lives; what dead ones left is removed. */
export function holderOf(journal: string, self: number): ProcessIdentity | null {
  const prefix = `${basename(journal)}.lock.`;
  for (const name of readdirSync(dirname(journal))) {
    const match = name.startsWith(prefix) ? /^(\d{1,10})-(\d{1,15})$/.exec(name.slice(prefix.length)) : null;
    if (match === null) continue;
    const holder = { pid: Number(match[1]), startTicks: Number(match[2]) };
    if (holder.pid === self) continue;
    if (isAlive(holder)) return holder;
    rmSync(join(dirname(journal), name), { force: true });
  }
  return null;
}

function pathFor(journal: string, { pid, startTicks }: ProcessIdentity): string {
  return `${journal}.lock.${pid}-${startTicks}`;
}
