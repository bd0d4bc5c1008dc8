import { PageEvents } from '../../events/page-events.js';
import { RangeEvents } from '../../events/range-events.js';
import type { BlockState } from '../../mm/memory-block.js';
import { attachMachine, type Machine } from '../../sim/machine.js';
import { SimHost } from '../../sim/sim-host.js';
import { type Counters, sumOf } from '../../soak/counters.js';
import type { Context } from '../context.js';
import { Recording } from '../record/recording.js';
import type { SoakMachine } from './soak-machine.js';

/** Who works on the machine of a soak, and how many they are. */
export interface SoakCrew {
  readonly threads: number;
  readonly migrators: number;
}

/**
 * A soak, written down as it can be seen from outside, as a run of a kernel is: its threads move and use pages at the same
 * time, so there is no one order of page events. Memory is looked at while they are at it: each page is as it was at that
 * moment, and its neighbour as it was a moment later. States of blocks are those that a look has met, and sums are the
 * threads' own.
 */
export class SoakRecording {
  readonly #machine: Machine;
  readonly #ranges = new RangeEvents();
  readonly #recording: Recording;
  readonly #states: Uint8Array;

  /** @throws VacateError kind 'usage' if the file cannot be written. */
  constructor(
    context: Context,
    path: string,
    { shared, seed }: SoakMachine,
    counters: Counters,
    { threads, migrators }: SoakCrew,
  ) {
    this.#machine = attachMachine(shared.spec, shared.buffer, { shootdown: () => {}, wake: () => {} });
    this.#states = this.#machine.blockState.slice();
    const counted = () => ({ migrated: sumOf(counters.migrated), refused: sumOf(counters.refusals) });
    const strategy = `those of the soak in turn, ${migrators} at a time, beside ${threads} threads that use memory`;
    this.#recording = Recording.begin(
      context,
      { path, source: 'scenario', seed },
      {
        ...{ host: new SimHost(this.#machine), counters: new PageEvents(), ranges$: this.#ranges.events$ },
        ...{ strategy, tables: [], counted },
      },
    );
  }

  /** Looks at memory, as often as that costs little. */
  async look(): Promise<void> {
    const { blockState } = this.#machine;
    for (let block = 0; block < blockState.length; block++) {
      const state = blockState[block] as BlockState;
      if (state === this.#states[block]) continue;
      this.#states[block] = state;
      this.#ranges.emit({ kind: 'block-state', block, state });
    }
    this.#recording.recorder.lookAgain();
    await this.#recording.tick();
  }

  /** All threads are gone. */
  async end(outcome: string): Promise<void> {
    await this.look();
    await this.#recording.end(outcome);
  }
}
