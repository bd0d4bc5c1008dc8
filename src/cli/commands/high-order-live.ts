import { VacateError } from '../../base/vacate-error.js';
import type { CaptureSource } from '../../capture/index.js';
import { COMPACT_UNEVICTABLE, Settings } from '../../lint/settings.js';
import { type CompactionRun, compactionFile, compactMemory } from '../../linux/compact-memory.js';
import { identityOf } from '../../linux/hotplug/process-identity.js';
import { bootOf, JOURNAL, Journal, newRunId } from '../../linux/journal/journal.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import type { MachineImage } from '../../mm/machine-image.js';
import { PAGEBLOCK_ORDER } from '../../mm/units.js';
import { nearestKernel } from '../../strategies/high-order/compaction/kernel-rules.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL, EXIT_REFUSED } from '../exit-codes.js';
import { writeHtmlFile } from '../html/html-file.js';
import { CompactionSight } from '../live/compaction-sight.js';
import { highOrderLiveJson } from '../live/high-order-live-json.js';
import { compactionOutlook, type Outlook } from '../live/high-order-live-outlook.js';
import type { HighOrderLiveReport } from '../live/high-order-live-report.js';
import { highOrderLiveText } from '../live/high-order-live-text.js';
import { LiveMemory } from '../live/live-memory.js';
import { checkSight, wantsMemory } from '../live/live-sight-wish.js';
import { LIVE, treeOf } from '../open-live.js';
import { checkRoot, openMachine } from '../open-machine.js';
import { loadPageTypes } from '../page-types.js';
import { watchingOf } from '../watch/check-watching.js';
import type { Watching } from '../watch/job-view.js';

export interface HighOrderLiveOptions extends Watching {
  readonly order?: number;
  readonly count?: number | 'all';
  readonly node?: number;
  readonly commit?: boolean;
  readonly timeout?: number;
  readonly journal?: string;
  readonly root?: string;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly seed?: number;
  /** File in which the run is recorded. */
  readonly record?: string;
  /** Where a report goes, as a page. */
  readonly html?: string;
  readonly json?: boolean;
}

const UNEVICTABLE_NOT_KNOWN =
  'Whether compaction may move mlocked pages (vm.compact_unevictable_allowed) is not told; taken as 1, as most kernels have it.';

const WRITING = 'waiting for the kernel to let go of the write';

const ONLY_A_COPY = 'This is a copied tree: the word was stored in it, and no kernel has compacted anything.';

/** Huge pages of most machines are what people want blocks for. */
const DEFAULT_ORDER = PAGEBLOCK_ORDER;

/**
 * `vacate high-order live`, and `--what-if` of any machine: what the kernel's own compaction would give and cost; with
 * `--commit` it is asked for, and measured.
 */
export async function highOrderLive(
  context: Context,
  machineName: string,
  options: HighOrderLiveOptions,
): Promise<number> {
  checkOptions(machineName, options);
  await checkSight(options, machineName);
  const { order = DEFAULT_ORDER, count = 'all', commit = false } = options;
  const node = options.node ?? null;
  const tree = machineName === LIVE ? treeOf(options.root) : null;
  // Before minutes go into a forecast.
  if (commit && tree !== null) compactionFile(tree, node);
  const pageTypes = await loadPageTypes(options);
  const { machine, source, captured, ...open } = await openMachine(machineName, { ...context, ...options });
  const readAt = performance.now();
  const deadline = readAt + (options.timeout ?? Number.POSITIVE_INFINITY);
  const mayMove = captured === null ? true : mayMoveUnevictable(captured.files);
  const request = { order, count, node, leavesUnevictable: mayMove === false, pageTypes, deadline };
  const outlook = await compactionOutlook(context, machine, request);
  const ageSeconds = (performance.now() - readAt) / 1000;
  const image = captured?.image ?? null;
  const carryOut = (host: LinuxTree) => commitTo(context, host, { outlook, node, deadline, options, image });
  const done = commit && tree !== null ? await context.interrupts.whileAtStake(WRITING, () => carryOut(tree)) : null;
  const run = done?.run ?? null;
  const kernel = machine.spec.kernel ?? null;
  const caveats = [...open.caveats];
  if (mayMove === null) caveats.push(UNEVICTABLE_NOT_KNOWN);
  if (run !== null && tree?.isLive === false) caveats.push(ONLY_A_COPY);
  const report = { machine, source, kernel, rules: nearestKernel(kernel), node, outlook, run, ageSeconds, caveats };
  if (run !== null) done?.finishHtml({ ...report, run });
  if (options.json === true) printJson(context, highOrderLiveJson(report));
  else context.print(highOrderLiveText(report, context.palette).join('\n'));
  return exitCodeFor(report);
}

/** False if mlocked pages stay where they are when memory is compacted; null if nothing tells. */
function mayMoveUnevictable(files: CaptureSource): boolean | null {
  const allowed = Settings.parse(files.text('settings') ?? '').value(COMPACT_UNEVICTABLE);
  return allowed === '0' ? false : allowed === '1' ? true : null;
}

function checkOptions(machineName: string, { root, commit, order = DEFAULT_ORDER }: HighOrderLiveOptions): void {
  checkRoot(machineName, root);
  if (commit === true && machineName !== LIVE)
    throw new VacateError('usage', `--commit is for the machine "${LIVE}", not for "${machineName}"; leave it out`);
  if (order > PAGEBLOCK_ORDER)
    throw new VacateError(
      'usage',
      `--order ${order}: the kernel's compaction works within pageblocks, and makes blocks of up to order ` +
        `${PAGEBLOCK_ORDER}; ask for that or less, or for a simulated strategy with --strategy`,
    );
}

/** What was asked of a host's kernel. */
interface Asked {
  readonly outlook: Outlook;
  readonly node: number | null;
  readonly deadline: number;
  readonly options: HighOrderLiveOptions;
  readonly image: MachineImage | null;
}

interface Done {
  readonly run: CompactionRun;
  /** Writes the page that was asked for. */
  readonly finishHtml: (report: HighOrderLiveReport & { readonly run: CompactionRun }) => void;
}

/** The one write, with its lines in the journal. */
async function commitTo(context: Context, tree: LinuxTree, asked: Asked): Promise<Done> {
  const { outlook, node, deadline, options, image } = asked;
  const total = outlook.zones.reduce((sum, { scanned }) => sum + scanned.migrate + scanned.free, 0);
  const watching = watchingOf(options);
  const isWanted = wantsMemory(options) || (context.isWatched && watching.watch !== false);
  const memory = image === null || !isWanted ? null : LiveMemory.of(tree, image);
  const page = memory === null || options.html === undefined ? null : await beginPage(memory, node);
  const { record = null } = options;
  const sight = new CompactionSight(context, { tree, order: outlook.order, node, total, watching, memory, record });
  const journal = new Journal(options.journal ?? tree.at(JOURNAL));
  const id = newRunId(new Date());
  let outcome: CompactionRun['outcome'] = 'failed';
  try {
    const self = identityOf(process.pid)!;
    journal.append({ kind: 'begin', run: id, command: 'high-order', boot: bootOf(tree), process: self });
    const run = await compactMemory(tree, {
      node,
      run: id,
      deadline,
      log: journal,
      signal: context.interrupts.signal,
      onProgress: (scanned) => sight.look(scanned),
    });
    outcome = run.outcome;
    const isReadAgain = await sight.finish(outcome);
    return {
      run,
      finishHtml: (report) => {
        if (page !== null) writeHtmlFile(options.html!, page.finish(report, isReadAgain));
      },
    };
  } finally {
    journal.append({ kind: 'end', run: id, outcome });
    journal.close();
    await sight.end(outcome);
  }
}

/** What charts are drawn with takes a while to load, and most runs want none. */
async function beginPage(memory: LiveMemory, node: number | null) {
  const { HighOrderLiveHtml } = await import('../live/high-order-live-html.js');
  return new HighOrderLiveHtml(memory, node);
}

function exitCodeFor({ outlook, run }: HighOrderLiveReport): number {
  switch (run?.outcome) {
    case 'failed':
      return EXIT_REFUSED;
    case 'timeout':
      return EXIT_PARTIAL;
    case 'interrupted':
      return EXIT_INTERRUPTED;
    case 'done':
      return EXIT_DONE;
    default: {
      const { asked, direct } = outlook.blocks;
      return direct === null || direct.got >= (asked as number) ? EXIT_DONE : EXIT_REFUSED;
    }
  }
}
