import { isMigration, isPresent, migrationPte, presentPte, pteBits, ptePayload } from '../../../src/mm/pte.js';
import type { Pfn } from '../../../src/mm/units.js';
import { type Machine } from '../../../src/sim/machine.js';
import { mappingOfPage } from '../../../src/sim/mappings.js';
import { pteAt, setPte, takePte } from '../../../src/sim/page-tables.js';
import { vpnInVma } from '../../../src/sim/rmap.js';
import { type Cpu, SmpHost } from '../../../src/smp/index.js';

/** Migration entries, but nobody waits until other CPUs have forgotten what stood there before. */
export class HostWithoutShootdown extends SmpHost {
  override shootdown(): void {}
}

/** As before 2005: the page is copied while processes use it, then its entries are switched to the copy. */
export class CopyThenSwitchHost extends HostWithoutShootdown {
  override unmap(pfn: Pfn): boolean {
    if (!super.unmap(pfn)) return false;
    eachEntry(this.machine, pfn, (at, pte) => {
      if (isMigration(pte) && ptePayload(pte) === pfn) setPte(this.machine, at, presentPte(pfn, pteBits(pte)));
    });
    return true;
  }

  override remap(source: Pfn, target: Pfn): void {
    eachEntry(this.machine, target, (at, pte) => {
      if (isPresent(pte) && ptePayload(pte) === source)
        setPte(this.machine, at, migrationPte(takePte(this.machine, at, 0)));
    });
    super.remap(source, target);
  }
}

function eachEntry(m: Machine, pfn: Pfn, visit: (at: number, pte: number) => void): void {
  const mapping = mappingOfPage(m, pfn);
  if (mapping === 0) return;
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    const at = vpn < 0 ? 0 : pteAt(m, m.vmaMm[vma]!, vpn);
    if (at !== 0) visit(at, m.ptes[at]!);
  }
}

export type Protocol = 'safe' | 'no-shootdown' | 'copy-then-switch';

export function hostFor(protocol: Protocol, cpu: Cpu): SmpHost {
  if (protocol === 'no-shootdown') return new HostWithoutShootdown(cpu);
  return protocol === 'copy-then-switch' ? new CopyThenSwitchHost(cpu) : new SmpHost(cpu);
}
