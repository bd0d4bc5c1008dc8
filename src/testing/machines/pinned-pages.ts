import { writeFilePage } from '../../sim/access.js';
import { exitProcess } from '../../sim/address-space.js';
import { createFile } from '../../sim/files.js';
import { pinUserPage } from '../../sim/gup.js';
import { HOLD_DMA_PIN, HOLD_LONGTERM_PIN } from '../../sim/holds.js';
import { findInCache } from '../../sim/page-cache.js';
import { pinLongterm } from '../../sim/pin-longterm.js';
import { unpinUserPage } from '../../sim/writeback.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { at, CPU, FOR_EVER, mustBeOk, newSpace, Pages, write } from './make-pages.js';
import { neverMove } from './never-move.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const DEVICE_HOLDS_IT = 'a device holds a reference besides those of its owner: for that it is refused';
const REFUSES_ALL = 'it refuses every page that it claims: the device knows the frame, so none ever moves';

/**
 * Pages that devices have pinned: for long, in a kernel zone and where none should be, and for transfers under way.
 *
 * @example
 * for (const { pfn, state } of pinnedFixture().pages) console.log(formatPfn(pfn), state);
 */
export function pinnedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const { mm, vpn } = newSpace(m, 4);
  write(m, mm, vpn);
  mustBeOk(pinLongterm(m, CPU, mm, vpn, FOR_EVER));
  const registered = pages.add('registered with a device', at(m, mm, vpn));
  const misplaced = pages.add('registered in zone Movable, as before Linux 5.13', write(m, mm, vpn + 1));
  pinUserPage(m, misplaced, FOR_EVER, HOLD_LONGTERM_PIN);
  const twice = pages.add('registered, and under direct I/O besides', write(m, mm, vpn + 2));
  pinUserPage(m, twice, FOR_EVER, HOLD_DMA_PIN);
  pinUserPage(m, twice, FOR_EVER, HOLD_LONGTERM_PIN);
  pinUserPage(m, pages.add('under direct I/O', write(m, mm, vpn + 3)), FOR_EVER, HOLD_DMA_PIN);
  const file = createFile(m, 1);
  mustBeOk(writeFilePage(m, CPU, file, 0, 3, 4, true));
  const cached = pages.add('of a file, with buffers, under direct I/O', findInCache(m, m.mapBase[file]!));
  pinUserPage(m, cached, FOR_EVER, HOLD_DMA_PIN);
  const dying = newSpace(m, 1);
  const orphan = write(m, dying.mm, dying.vpn);
  settle(m);
  const forLong: Provocation = { pfn: registered, from: 'refuses', provoke: () => {} };
  // Its process is killed while the transfer is under way; the end of that frees the page.
  const forTransfer: Provocation = {
    pfn: orphan,
    from: 'refuses',
    provoke: () => {
      pinUserPage(m, orphan, FOR_EVER, HOLD_DMA_PIN);
      exitProcess(m, CPU, dying.mm);
    },
    relieve: () => void unpinUserPage(m, CPU, orphan, HOLD_DMA_PIN),
  };
  return { machine: m, pages: pages.list, refusals: { 'for-long': forLong, 'for-transfer': forTransfer } };
}

/**
 * For page types that claim pages which a device has pinned. Causes: `for-long`, it keeps the page as long as it wants, which
 * is so from the start; `for-transfer`, a transfer begins, and the process of the page ends before it does. Without an
 * argument the plugin calls its refusals `longterm-pin` and `transfer-under-way`.
 *
 * @example
 * import devicePinned from 'vacate/plugins/device-pinned';
 *
 * const cases = pageTypeConformance(devicePinned, pinnedPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function pinnedPages(
  refusals: Provoked<'for-long' | 'for-transfer'> = {
    'longterm-pin': 'for-long',
    'transfer-under-way': 'for-transfer',
  },
): PageTypeOptions {
  const skip = [{ name: 'references agrees with the refcount identity', because: DEVICE_HOLDS_IT }];
  return { fixture: () => provoked(pinnedFixture(), refusals), skip: [...skip, ...neverMove(REFUSES_ALL)] };
}
