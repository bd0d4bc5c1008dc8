import { readOwners } from '../../capture/index.js';
import { whyNoPages } from '../../linux/live-files.js';
import type { MachineImage } from '../../mm/machine-image.js';
import type { ColouringName } from '../../picture/colourings.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { checkHtmlFile, writeHtmlFile } from '../html/html-file.js';
import { blocksJson, blocksReport, blocksText } from '../inspect/inspect-blocks.js';
import { inspectJson } from '../inspect/inspect-json.js';
import { type InspectReport, inspectReport } from '../inspect/inspect-report.js';
import { type FirstLook, firstScreen, inspectText, lookOfImage, ORIGINS } from '../inspect/inspect-text.js';
import { LIVE, treeOf } from '../open-live.js';
import { openMachine } from '../open-machine.js';

export interface InspectOptions {
  readonly seed?: number;
  readonly json?: boolean;
  readonly root?: string;
  readonly map?: ColouringName;
  readonly html?: string;
}

/** `vacate inspect`: what is where. */
export async function inspect(context: Context, machineName: string, options: InspectOptions): Promise<number> {
  if (machineName === LIVE && inspectBlocks(context, options)) return EXIT_DONE;
  const { seed, root, json, html, map = 'type' } = options;
  if (html !== undefined) checkHtmlFile(html);
  const { palette, columns } = context;
  let isBegun = false;
  const begin = (look: FirstLook) => {
    context.print(firstScreen(look, { palette, by: map, columns }).join('\n'));
    isBegun = true;
  };
  const isText = json !== true;
  const onImage = (image: MachineImage) =>
    begin(lookOfImage(image, ORIGINS[machineName === LIVE ? 'live' : 'capture']));
  const open = await openMachine(machineName, { ...context, seed, root, ...(isText ? { onImage } : {}) });
  if (isText && !isBegun) begin({ origin: `a scenario, seed ${open.seed}`, machine: open.machine });
  const report = inspectReport(open);
  await context.interrupts.breathe();
  if (html !== undefined) await writeHtml(html, report);
  if (isText) context.print(['', ...inspectText(report, palette)].join('\n'));
  else printJson(context, inspectJson(report));
  return EXIT_DONE;
}

/** What charts are drawn with takes longer to load than a small report to make. */
async function writeHtml(path: string, report: InspectReport): Promise<void> {
  const { inspectHtml } = await import('../inspect/inspect-html.js');
  const { captured, tree, machine } = report.open;
  const isAsked = captured !== null && tree === null && machine.spec.nrPfns <= OWNED_PAGES_MAX;
  writeHtmlFile(path, inspectHtml(report, isAsked ? readOwners(captured.files) : null));
}

/** Of more pages it would take long to ask each whose it is; a forecast says it of the blocks in question. */
const OWNED_PAGES_MAX = 2 ** 22;

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
