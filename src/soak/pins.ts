import { FREE_FLAGS } from '../mm/page-flags.js';
import { unkillable } from './control.js';
import { PINS_PER_THREAD } from './ledger.js';
import { FIRST_VPN, firstRow } from './shape.js';
import { counted, countOutOfMemory, type ProcessThread } from './thread.js';
import { FoundWrong } from './wrong-word.js';

/*
 * Pages that a device works with: references taken without any lock while migrators look for pages to freeze
 * (get_user_pages). A pinned page stays where it is, holds what its process wrote, and is nobody else's.
 */

/** Pins a page of a process and reads it through its frame, as a device would; it stays pinned for a while. */
export function pinPage(t: ProcessThread, slot: number): void {
  const { cpu, ledger, prng, control, thread } = t;
  const { shape, expected, pinnedPfn } = ledger;
  const at = thread * PINS_PER_THREAD + prng.below(PINS_PER_THREAD);
  const page = prng.below(shape.privatePages);
  const mm = ledger.slotMm[slot]!;
  unkillable(control, thread, () => {
    unpin(t, at);
    const frame = cpu.getUserPage(mm, FIRST_VPN.private + page, false);
    if (frame < 0) return countOutOfMemory(t);
    pinnedPfn[at] = frame + 1;
    counted(t, 'pin');
    const first = (firstRow(shape, 'private', slot) + page) * shape.words;
    for (let word = 0; word < shape.words; word++) {
      const found = cpu.machine.contents[frame * shape.words + word]!;
      if (found === expected[first + word]) continue;
      const whose = `private memory of process ${mm}, read by a device through its frame for thread ${thread}`;
      const wrong = {
        whose,
        mm,
        page: FIRST_VPN.private + page,
        word,
        expected: expected[first + word]!,
        found,
        frame,
      };
      throw new FoundWrong(wrong);
    }
    t.counters.checked[thread] = t.counters.checked[thread]! + shape.words;
  });
}

function unpin({ cpu, ledger, thread }: ProcessThread, at: number): void {
  const frame = ledger.pinnedPfn[at]! - 1;
  if (frame < 0) return;
  if ((cpu.machine.flags[frame]! & FREE_FLAGS) !== 0) {
    const whose = `a page that a device worked with for thread ${thread} is free`;
    throw new FoundWrong({ whose, mm: 0, page: frame, word: 0, expected: 0, found: 0, frame });
  }
  ledger.pinnedPfn[at] = 0;
  cpu.putUserPage(frame);
}

/** Lets go of all pages; false if the thread is about to be ended, and somebody else will. */
export function unpinAll(t: ProcessThread): boolean {
  let done = false;
  unkillable(t.control, t.thread, () => {
    const first = t.thread * PINS_PER_THREAD;
    for (let at = first; at < first + PINS_PER_THREAD; at++) unpin(t, at);
    done = true;
  });
  return done;
}
