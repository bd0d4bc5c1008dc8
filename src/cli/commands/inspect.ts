import { whyNoPages } from '../../linux/live-files.js';
import type { ColouringName } from '../../picture/colourings.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { blocksJson, blocksReport, blocksText } from '../inspect/inspect-blocks.js';
import { inspectJson } from '../inspect/inspect-json.js';
import { inspectReport } from '../inspect/inspect-report.js';
import { inspectText } from '../inspect/inspect-text.js';
import { LIVE, treeOf } from '../open-live.js';
import { openMachine } from '../open-machine.js';

export interface InspectOptions {
  readonly seed?: number;
  readonly json?: boolean;
  readonly root?: string;
  readonly map?: ColouringName;
}

/** `vacate inspect`: what is where. */
export async function inspect(context: Context, machineName: string, options: InspectOptions): Promise<number> {
  if (machineName === LIVE && inspectBlocks(context, options)) return EXIT_DONE;
  const open = await openMachine(machineName, { ...context, seed: options.seed, root: options.root });
  const report = inspectReport(open);
  await context.interrupts.breathe();
  if (options.json === true) printJson(context, inspectJson(report));
  else {
    const map = { by: options.map ?? 'type', columns: context.columns };
    context.print(inspectText(report, context.palette, map).join('\n'));
  }
  return EXIT_DONE;
}

/** A host of whose pages nothing can be said still has memory blocks. False if there is more to say. */
function inspectBlocks(context: Context, { root, json }: InspectOptions): boolean {
  const tree = treeOf(root);
  const obstacle = whyNoPages(tree);
  if (obstacle === null) return false;
  const report = blocksReport(tree, obstacle);
  if (json === true) printJson(context, blocksJson(report));
  else context.print(blocksText(report, context.palette).join('\n'));
  return true;
}
