import { VacateError } from '../../base/vacate-error.js';
import { LinuxTree } from '../linux-tree.js';

/** A process that cannot be mistaken for another of the same number: numbers are used again, starting times are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the machine was started (field 22 of /proc/PID/stat, Documentation/filesystems/proc.rst). */
  readonly startTicks: number;
}

/** The host on which we run, whatever tree is worked on: processes are never those of a copied tree. */
const HERE = new LinuxTree();

/** Null if there is no such process (any more), or only what is left of it until its parent asks. */
export function identityOf(pid: number): ProcessIdentity | null {
  const fields = statFields(pid);
  if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null;
  const startTicks = Number(fields[19]);
  return Number.isSafeInteger(startTicks) ? { pid, startTicks } : null;
}

export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  return identityOf(pid)?.startTicks === startTicks;
}

/** The fields behind the name, which stands in parentheses and may hold anything: state first, startTicks the 20th. */
function statFields(pid: number): string[] | null {
  try {
    const stat = HERE.text(`/proc/${pid}/stat`);
    return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (VacateError.is(error)) return null;
    throw error;
  }
}
