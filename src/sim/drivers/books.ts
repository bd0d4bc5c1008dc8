import { formatPfn, NO_PAGE, type Pfn } from '../../mm/units.js';
import { type Machine, SCALAR } from '../machine.js';
import { MAPPING_DRIVER } from '../mappings.js';
import { diskPlaceOf, findInCache } from '../page-cache.js';
import { DRIVER_BALLOON, DRIVER_ZSMALLOC, driverOf, kindOfDriver, placesOf, releaseDriverPage } from './driver.js';
import { hasObjects, wrongHandle } from './zsmalloc.js';

/** What drivers know of their pages is what is so: a sentence for each that does not. */
export function checkDrivers(m: Machine, report: (sentence: string) => void): void {
  for (let driver = 1; driver <= m.scalars[SCALAR.mapFill]!; driver++) {
    if (m.mapKind[driver] !== MAPPING_DRIVER) continue;
    const kind = kindOfDriver(m, driver);
    if (kind === DRIVER_BALLOON) checkBalloon(m, driver, report);
    const wrong = kind === DRIVER_ZSMALLOC ? wrongHandle(m, driver) : null;
    if (wrong !== null) report(wrong);
  }
}

/** The host backs others with what it was told: one page more would be lost, one page fewer used twice. */
function checkBalloon(m: Machine, balloon: number, report: (sentence: string) => void): void {
  for (let page = 0; page < placesOf(m, balloon); page++) {
    const pfn = findInCache(m, m.mapBase[balloon]! + page);
    const told = diskPlaceOf(m, m.mapBase[balloon]! + page) - 1;
    if (told === pfn || (told < 0 && pfn === NO_PAGE)) continue;
    const has = (at: Pfn) => (at < 0 || at === NO_PAGE ? 'none' : formatPfn(at));
    report(`balloon ${balloon}, page ${page}: the host has ${has(told)}, and the balloon ${has(pfn)}`);
  }
}

/** The driver frees a page of its own; false, with nothing changed, if what it keeps there is still asked for. */
export function giveUpPage(m: Machine, cpu: number, pfn: Pfn): boolean {
  const driver = driverOf(m, pfn);
  if (kindOfDriver(m, driver) === DRIVER_ZSMALLOC && hasObjects(m, driver, pfn)) return false;
  releaseDriverPage(m, cpu, pfn);
  return true;
}
