import { VacateError } from '../../base/vacate-error.js';
import { checkHtmlFile } from '../html/html-file.js';
import { LIVE } from '../open-live.js';
import { checkRecord } from '../record/record-wish.js';
import type { Watching } from '../watch/job-view.js';

/** What somebody wants to see of a run on this host. */
export interface SightWish extends Watching {
  readonly commit?: boolean;
  readonly record?: string;
  readonly html?: string;
}

/**
 * Looks at what somebody wants to see before anything that takes long.
 *
 * @throws VacateError kind 'usage' if there is no run to be seen, or it cannot be written down there.
 */
export async function checkSight(
  { commit, record, html, watch, map }: SightWish,
  machineName: string = LIVE,
): Promise<void> {
  const wishes = { '--record': record !== undefined, '--html': html !== undefined, '--map': map !== undefined };
  const given = Object.entries({ ...wishes, '--watch': watch === true }).find(([, isGiven]) => isGiven);
  if (given !== undefined && commit !== true) {
    const instead = given[0] === '--html' || given[0] === '--record' ? '--html FILE' : '--map COLOURS';
    const because =
      machineName === LIVE ? 'without --commit nothing is done; add it' : '--what-if does nothing; leave it out';
    const inspect = `vacate inspect ${machineName} ${instead}`;
    throw new VacateError('usage', `${given[0]} shows what a run does, and ${because}, or run "${inspect}"`);
  }
  await checkRecord(record);
  if (html !== undefined) checkHtmlFile(html);
}

/** Whether every page is to be read before the run: that takes a second for a few dozen GiB, and not all want it. */
export function wantsMemory({ record, html, map, watch }: SightWish): boolean {
  return record !== undefined || html !== undefined || map !== undefined || watch === true;
}
