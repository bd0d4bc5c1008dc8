import { suggestion } from '../base/nearest.js';
import { quoted } from '../base/quoted.js';
import { formatPages } from '../mm/units.js';
import type { StatedActivity } from './activity-schema.js';
import { parseBlockList } from './block-list.js';
import type { StatedOffline } from './job-schema.js';
import { type Layout, layoutOf } from './layout.js';
import type { Scenario } from './schema.js';

/** Files of which the page cache is to keep a part may be so many times as large as memory. */
const FILES_TIMES_MEMORY = 4;

/** What jobs and activities name that is not there, or cannot be. */
export function jobProblems(scenario: Scenario): string[] {
  const layout = layoutOf(scenario);
  return [
    ...scenario.jobs.flatMap((job, at) => (job.kind === 'offline' ? offlineProblems(layout, job, `jobs[${at}]`) : [])),
    ...scenario.activities.flatMap((activity, at) => activityProblems(layout, activity, `activities[${at}]`)),
  ];
}

function offlineProblems(layout: Layout, job: StatedOffline, where: string): string[] {
  const given = (['dimm', 'blocks', 'node'] as const).filter((way) => job[way] !== undefined);
  if (given.length !== 1) {
    const says = given.length === 0 ? 'does not say what goes off line' : `says it by ${given.join(' and ')}`;
    return [`${where} ${says}; give exactly one of dimm, blocks and node`];
  }
  if (job.blocks !== undefined) return blockProblems(layout, job.blocks, where);
  const dimms = layout.dimms.map(({ name }) => name);
  const known = job.dimm === undefined ? [...layout.places.keys()].filter((name) => !dimms.includes(name)) : dimms;
  const name = job.dimm ?? (job.node as string);
  if (known.includes(name)) return [];
  const what = job.dimm === undefined ? 'node' : 'DIMM';
  return [
    `${where}.${given[0]} is ${quoted(name)}, no ${what}; ${known.length === 0 ? 'there is none' : suggestion(name, known)}`,
  ];
}

function blockProblems({ nrPfns, blockPages }: Layout, text: string, where: string): string[] {
  const blocks = parseBlockList(text);
  if (blocks === null) return [`${where}.blocks is ${quoted(text)}, not memory blocks such as "32-35" or "8,10-12"`];
  const nrBlocks = nrPfns / blockPages;
  const missing = blocks.find((block) => block >= nrBlocks);
  return missing === undefined ? [] : [`${where}.blocks names block ${missing}; the machine has 0 to ${nrBlocks - 1}`];
}

function activityProblems({ nrPfns }: Layout, activity: StatedActivity, where: string): string[] {
  if (activity.kind === 'jumbo-frames') return [];
  const pages = activity.kind === 'file-churn' ? activity.size * activity.files : activity.size;
  const most = activity.kind === 'cache-reads' ? nrPfns * FILES_TIMES_MEMORY : nrPfns;
  if (pages <= most) return [];
  const what =
    activity.kind === 'file-churn'
      ? `${where} keeps ${formatPages(pages)} of files`
      : `${where}.size is ${formatPages(pages)}`;
  return [`${what}, but the machine has ${formatPages(nrPfns)}; make it ${formatPages(most)} at most`];
}
