import { createJudge } from '../../container/create-judge.js';
import type { Pfn } from '../../mm/units.js';
import type { PageAnswer } from '../../server/view-source.js';
import { ownersOf } from '../forecast/forecast-owners.js';
import { Interrupts } from '../interrupts.js';
import type { LookedAt } from '../open-to-look.js';
import { loadPageTypes, type PluginChoice } from '../page-types.js';
import { answerPage } from './answer-page.js';
import { ToldProgress } from './told-progress.js';

/** Answers questions about single pages. */
export type PageDesk = (pfn: Pfn) => PageAnswer;

/** Gets ready for questions about the pages of a machine; `choice` names page types beside the shipped ones. */
export async function openDesk(open: LookedAt, choice: PluginChoice): Promise<PageDesk> {
  const service = createJudge(open.host, await loadPageTypes(choice));
  const quiet = { progress: new ToldProgress(() => {}), interrupts: new Interrupts() };
  const owners = await ownersOf(quiet, open, false);
  return (pfn) => answerPage({ open, service, owners }, pfn);
}
