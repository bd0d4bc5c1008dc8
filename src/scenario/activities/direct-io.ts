import { isPresent, ptePayload } from '../../mm/pte.js';
import type { Pfn } from '../../mm/units.js';
import { ACCESS_OK, readPage } from '../../sim/access.js';
import { findHold, HOLD_PIN, pin } from '../../sim/holds.js';
import { SCALAR } from '../../sim/machine.js';
import { pteOf } from '../../sim/page-tables.js';
import { unpin } from '../../sim/writeback.js';
import type { StatedActivityOf } from '../activity-schema.js';
import { type Activity, type Scene, type Step, waitAfter } from './activity.js';
import { chooseWorkingSet, type WorkingSet } from './working-set.js';

const read = new Uint32Array(2);

/** Devices read the memory of processes, and pin each page while they do. */
export class DirectIo implements Activity {
  readonly rate: number;
  readonly #buffers: WorkingSet;
  /** Pins of ours, the oldest first, and the time at which each ends. */
  readonly #pinned: { readonly pfn: Pfn; readonly until: number }[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly stated: StatedActivityOf<'direct-io'>,
  ) {
    this.rate = stated.rate;
    this.#buffers = chooseWorkingSet(scene.machine, stated.size, 'all', scene.prng);
  }

  step(): Step {
    const { machine, cpu, prng } = this.scene;
    if (this.#buffers.nrPages === 0) return 'done';
    const at = prng.below(this.#buffers.nrPages);
    const mm = this.#buffers.mms[at] as number;
    const vpn = this.#buffers.vpns[at] as number;
    const access = readPage(machine, cpu, mm, vpn, read);
    if (access !== ACCESS_OK) return waitAfter(access, this.scene);
    const pte = pteOf(machine, mm, vpn);
    // Read through a translation that is still cached: the page is moving, and a pin would have to wait for it.
    if (!isPresent(pte)) return 'wait';
    const pfn = ptePayload(pte);
    // One pin a page, so that it is known whose it is; and never more than the machine can track.
    if (findHold(machine, pfn, HOLD_PIN) >= 0) return 'done';
    if ((machine.scalars[SCALAR.nrHolds] as number) > machine.capacity.holds / 2) return 'wait';
    const until = (machine.clock[0] as number) + this.stated.hold;
    pin(machine, pfn, until);
    this.#pinned.push({ pfn, until });
    return 'done';
  }

  expire(): void {
    const now = this.scene.machine.clock[0] as number;
    const first = this.#pinned.findIndex(({ until }) => until > now);
    this.#pinned.splice(0, first < 0 ? this.#pinned.length : first);
  }

  end(): boolean {
    this.expire();
    for (const { pfn } of this.#pinned.splice(0)) unpin(this.scene.machine, this.scene.cpu, pfn);
    return true;
  }
}
