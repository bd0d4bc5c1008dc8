import { PAGE_SIZE } from '../../mm/units.js';
import type { ShardedHighOrder } from '../../shards/high-order-result.js';
import type { ShardedOffline } from '../../shards/sharded-offline.js';
import { writeHtmlFile } from '../html/html-file.js';
import type { RunOutcome } from '../html/run-html.js';
import type { DoneOnNodes } from './on-nodes.js';

/** What a report of a run on several nodes is about, in the words of its command. */
export type NodesReport = Pick<RunOutcome, 'command' | 'heading' | 'facts' | 'refusals' | 'blocks' | 'seed'> & {
  readonly machine: string;
};

/** Writes the report of a run on several nodes, all of them in one map. Nothing if nobody asked for one. */
export async function writeNodesHtml(
  path: string | undefined,
  { machine, ...report }: NodesReport,
  { result, picture, wallMs, contents }: DoneOnNodes<ShardedHighOrder | ShardedOffline>,
): Promise<void> {
  if (path === undefined || picture === null) return;
  const { RunHtml } = await import('../html/run-html.js');
  const { before, after, moved, movedByKind } = picture.draw();
  const { outcome, strategy, pagesMigrated, pagesReclaimed, pagesRetried, virtualNs, nodes } = result;
  const account = {
    ...{ pagesMigrated, bytesMigrated: pagesMigrated * PAGE_SIZE, pagesReclaimed, pagesRetried, virtualNs },
    ...{ movedByKind, waits: null, wallMs, contents },
  };
  const lost = nodes.flatMap(({ name, lost }) => (lost === null ? [] : [`${name} is lost: ${lost}.`]));
  const run = { outcome, strategy: strategy ?? 'nobody', account, moved, owners: null, caveats: lost };
  writeHtmlFile(path, new RunHtml(machine, before).finish({ ...report, ...run }, after));
}
