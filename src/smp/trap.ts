import { isMigration } from '../mm/pte.js';
import { ACCESS_BLOCKED, ACCESS_OK, type Access, fault } from '../sim/access.js';
import type { Machine } from '../sim/machine.js';
import { pteAt } from '../sim/page-tables.js';
import { advance } from '../sim/writeback.js';
import type { KernelGate } from './kernel-gate.js';

/** Virtual time that goes by while a task sleeps on a page that somebody has locked: locks of devices end by it. */
const SLEEP_NS = 10_000;

/** A page fault: ACCESS_OK when the access is to be tried again. Sleeps until the page has arrived, if it is on its way. */
export type Trap = (mm: number, vpn: number, write: boolean) => Access;

export function createTrap(machine: Machine, cpu: number, gate: KernelGate): Trap {
  const { ptes } = machine;
  let at = 0;
  let pte = 0;

  function inKernel(mm: number, vpn: number, write: boolean): Access {
    const access = fault(machine, cpu, mm, vpn, write);
    if (access !== ACCESS_BLOCKED) return access;
    at = pteAt(machine, mm, vpn);
    pte = at === 0 ? 0 : ptes[at]!;
    if (!isMigration(pte)) advance(machine, cpu, SLEEP_NS);
    return ACCESS_BLOCKED;
  }

  return (mm, vpn, write) => {
    at = pteAt(machine, mm, vpn);
    pte = at === 0 ? 0 : Atomics.load(ptes, at);
    // For a page that is on its way nothing is to be done in the kernel, which whoever moves it needs more.
    if (isMigration(pte)) {
      gate.sleepOnEntry(at, pte);
      return ACCESS_OK;
    }
    const access = gate.kernel(() => inKernel(mm, vpn, write));
    if (access !== ACCESS_BLOCKED) return access;
    if (isMigration(pte)) gate.sleepOnEntry(at, pte);
    else gate.sleepForStep();
    return ACCESS_OK;
  };
}
