import { readOwners } from '../../capture/index.js';
import type { OpenMachine } from '../open-machine.js';
import { checkHtmlFile, writeHtmlFile } from './html-file.js';
import type { RunOutcome } from './run-html.js';

/** Writes the report of a run that is over. */
export type FinishHtml = (run: Omit<RunOutcome, 'owners' | 'caveats' | 'seed'>) => void;

/**
 * Complains about --html before any work is done.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkHtml(html: string | undefined): void {
  if (html !== undefined) checkHtmlFile(html);
}

/** Draws what there is before a run. What charts are drawn with takes a while to load, and most runs want none. */
export async function beginHtml(html: string | undefined, open: OpenMachine): Promise<FinishHtml> {
  if (html === undefined) return () => {};
  const { RunHtml } = await import('./run-html.js');
  const report = new RunHtml(open.machine.spec.name, open.machine);
  return (run) => {
    const { captured, tree, seed, caveats } = open;
    const owners = captured !== null && tree === null ? readOwners(captured.files) : null;
    writeHtmlFile(html, report.finish({ ...run, owners, caveats, seed }, open.machine));
  };
}
