import { VacateError } from '../../base/vacate-error.js';
import { readSysfsMemory } from '../../linux/sysfs-memory.js';
import { type Context, printJson } from '../context.js';
import { treeOf } from '../host-tree.js';
import { writeHtmlFile } from '../html/html-file.js';
import { LiveMemory } from '../live/live-memory.js';
import { type LiveRun, openLiveRun } from '../live/live-run.js';
import { checkSight, wantsMemory } from '../live/live-sight-wish.js';
import { offlineLiveJson } from '../live/offline-live-json.js';
import { planOffline } from '../live/offline-live-plan.js';
import { exitCodeOfReport, type OfflineLiveReport } from '../live/offline-live-report.js';
import { commitOffline, deadlineFor, whyNoEject } from '../live/offline-live-run.js';
import { offlineLiveText } from '../live/offline-live-text.js';
import { checkSelection, type Selection } from '../select-blocks.js';
import { checkWatching, watchingOf } from '../watch/check-watching.js';
import type { Watching } from '../watch/job-view.js';

/** What only a real host can be asked for. */
export interface LiveOptions {
  readonly commit?: boolean;
  readonly stall?: number;
  readonly keepPartial?: boolean;
  readonly eject?: boolean;
  readonly journal?: string;
  readonly root?: string;
}

export interface OfflineLiveOptions extends Selection, LiveOptions, Watching {
  readonly timeout?: number;
  readonly json?: boolean;
  /** Of simulated machines alone. */
  readonly strategy?: string;
  readonly html?: string;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly strategyModule: readonly string[];
  readonly seed?: number;
  readonly record?: string;
}

/** After so long without a page less the kernel goes over the same pages again and again. */
const STALL_MS = 10_000;

/**
 * `vacate offline live`: forecasts what the kernel would do, and with --commit has it done: bounded in time, all blocks or
 * none, each write noted before, and what failed explained by the kernel's own log.
 */
export async function offlineLive(context: Context, options: OfflineLiveOptions): Promise<number> {
  checkSelection(options);
  checkSimulated(options);
  checkWatching(context, options);
  await checkSight(options);
  const tree = treeOf(options.root);
  const live = options.commit === true ? openLiveRun(tree, readSysfsMemory(tree).blockBytes, options.journal) : null;
  const run = async () => {
    try {
      const report = await planAndCommit(context, live, options);
      if (options.json === true) printJson(context, offlineLiveJson(report));
      else context.print(offlineLiveText(report, context.palette).join('\n'));
      return exitCodeOfReport(report);
    } finally {
      await live?.close();
    }
  };
  return live === null ? run() : context.interrupts.whileAtStake(BRINGING_BACK, run);
}

const BRINGING_BACK =
  'at it, so that every block is as it was; if you cannot wait, kill vacate (SIGKILL) and run vacate recover';

/** The kernel does it, by its own strategy; ours need a machine that can be simulated. */
function checkSimulated({ strategy, seed, strategyModule, plugin }: OfflineLiveOptions): void {
  if (strategy === undefined && seed === undefined && strategyModule.length === 0 && plugin.length === 0) return;
  throw new VacateError(
    'usage',
    'on "live" the kernel does it, so --strategy, --strategy-module, --plugin and --seed mean nothing; ' +
      'to simulate them, take a capture of this host and name that',
  );
}

async function planAndCommit(
  context: Context,
  live: LiveRun | null,
  options: OfflineLiveOptions,
): Promise<OfflineLiveReport> {
  const tree = live?.tree ?? treeOf(options.root);
  const bounds = { timeoutMs: options.timeout ?? null, stallMs: options.stall ?? STALL_MS };
  // By the clock of this process: who waits for us counts from its start.
  const plan = await planOffline(context, tree, options, { deadlineMs: deadlineFor(bounds.timeoutMs) });
  const obstacle = options.eject === true ? whyNoEject(tree, plan) : null;
  if (obstacle !== null) throw new VacateError(plan.dimm === null ? 'usage' : 'host', obstacle);
  if (live === null || plan.isLate || plan.refusal !== null) return { plan, committed: null, bounds };
  await context.interrupts.breathe();
  const { keepPartial = false, eject = false, record = null, html } = options;
  const memory = wantsMemory(options) ? await LiveMemory.read(context, tree) : null;
  context.progress.stop();
  const page = memory === null || html === undefined ? null : await beginPage(memory);
  const sight = { watching: watchingOf(options), memory, record };
  const committed = await commitOffline(context, live, plan, { ...bounds, keepPartial, eject, ...sight });
  const report = { plan, committed, bounds };
  if (page !== null) writeHtmlFile(html!, page.finish(report));
  return report;
}

/** What charts are drawn with takes a while to load, and most runs want none. */
async function beginPage(memory: LiveMemory) {
  const { OfflineLiveHtml } = await import('../live/offline-live-html.js');
  return new OfflineLiveHtml(memory);
}
