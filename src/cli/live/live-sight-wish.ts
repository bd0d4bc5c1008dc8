import { VacateError } from '../../base/vacate-error.js';
import { checkHtmlFile } from '../html/html-file.js';
import { checkRecord } from '../record/record-wish.js';
import type { Watching } from '../watch/job-view.js';

/** What somebody wants to see of a run on this host. */
export interface SightWish extends Watching {
  readonly commit?: boolean;
  readonly record?: string;
  readonly html?: string;
}

/**
 * Looks at --record and --html before anything that takes long.
 *
 * @throws VacateError kind 'usage' if there is no run to be seen, or it cannot be written down there.
 */
export async function checkSight({ commit, record, html }: SightWish): Promise<void> {
  const given = record !== undefined ? '--record' : html !== undefined ? '--html' : null;
  if (given !== null && commit !== true)
    throw new VacateError(
      'usage',
      `${given} shows what a run did, and without --commit nothing is done; add it, or run "vacate inspect live --html FILE"`,
    );
  await checkRecord(record);
  if (html !== undefined) checkHtmlFile(html);
}

/** Whether every page is to be read before the run: that takes a second for a few dozen GiB, and not all want it. */
export function wantsMemory({ record, html, map, watch }: SightWish): boolean {
  return record !== undefined || html !== undefined || map !== undefined || watch === true;
}
