import { statSync } from 'node:fs';
import { VacateError } from '../../base/vacate-error.js';
import { CaptureFiles } from '../../capture/index.js';
import { type AttemptExplanation, explainAttempt, explainLog } from '../../explain/index.js';
import { parseKernelLog } from '../../kernel-log/index.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf } from '../../linux/live-files.js';
import { findOwners } from '../../linux/owners/owners.js';
import { waysToPinOn } from '../../linux/owners/ways-to-pin.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { type Evidence, evidenceOfCapture, evidenceOfHost, noEvidence } from '../explain/explain-evidence.js';
import { capturesBelow, type LogSource, logOfCapture, logOfFile, logOfHost } from '../explain/explain-source.js';
import { attemptsText } from '../explain/explain-text.js';
import { LIVE, treeOf } from '../open-live.js';
import { checkName, checkRoot } from '../open-machine.js';
import { countOf, wrap } from '../wording.js';

export interface ExplainOptions {
  readonly log?: string;
  readonly root?: string;
  readonly json?: boolean;
}

/** What is explained: one machine's log, or those of the captures in a directory. */
interface Explained {
  readonly machine: string | null;
  readonly source: 'capture' | 'live' | 'log';
  readonly attempts: readonly (AttemptExplanation & { readonly capture?: string })[];
  readonly records: number;
  readonly zonesOf: Evidence['zonesOf'];
  readonly caveats: readonly string[];
}

/** `vacate explain`: why attempts to take memory offline ended as they did, from what the kernel logged of them. */
export async function explain(context: Context, name: string | undefined, options: ExplainOptions): Promise<number> {
  const explained = await explainNamed(context, name, options);
  await context.interrupts.breathe();
  if (options.json === true) {
    const { machine, source, records, attempts, caveats } = explained;
    printJson(context, { command: 'explain', machine, source, log: { records }, attempts, caveats });
  } else print(context, explained);
  return EXIT_DONE;
}

async function explainNamed(context: Context, name: string | undefined, options: ExplainOptions): Promise<Explained> {
  if (name === undefined) {
    if (options.log === undefined) {
      throw new VacateError(
        'usage',
        'say what to explain: a capture directory, "live", or --log FILE with a saved dmesg',
      );
    }
    if (options.root !== undefined) throw new VacateError('usage', `--root is for the machine "${LIVE}"; name it`);
    return explained('log', logOfFile(options.log), noEvidence(options.log));
  }
  checkRoot(name, options.root);
  if (name === LIVE) {
    const tree = treeOf(options.root);
    const log = options.log === undefined ? logOfHost(tree) : logOfFile(options.log);
    return explainHost(context, tree, log);
  }
  if (!checkName(name).isDirectory()) {
    throw new VacateError('usage', `"${name}" is a scenario, which has no log; name a capture directory or "${LIVE}"`);
  }
  const below = options.log === undefined && !hasLog(name) ? capturesBelow(name) : [];
  if (below.length > 0) return explainAll(context, name, below);
  return explainCapture(context, name, options.log);
}

/** Types of pages that no process maps. */
const OF_THE_KERNEL: readonly string[] = ['slab', 'page-table', 'kernel', 'reserved', 'balloon', 'free'];

/** Pages that stay where they are have their owners still: they are asked for once it is known which pages. */
async function explainHost(context: Context, tree: LinuxTree, log: LogSource): Promise<Explained> {
  const evidence = evidenceOfHost(tree, hostNameOf(tree));
  const first = explained(LIVE, log, evidence);
  const pages = first.attempts.flatMap((attempt) => attempt.pages);
  const pfns = pages.filter(({ type }) => !OF_THE_KERNEL.includes(type)).map(({ pfn }) => pfn);
  if (pfns.length === 0) return first;
  const { progress, interrupts } = context;
  const owners = await findOwners(tree, pfns, {
    signal: interrupts.signal,
    onProgress: (done, total) => progress.update({ label: 'asking processes', done, total, unit: 'processes' }),
  }).finally(() => progress.stop());
  const knowledge = { ...evidence.knowledge, owners, waysToPin: waysToPinOn(tree) };
  const caveats = [...evidence.caveats, 'Owners are those of now; a page may have had others during the attempt.'];
  return explained(LIVE, log, { ...evidence, knowledge, caveats });
}

function hasLog(directory: string): boolean {
  return statSync(`${directory}/dmesg`, { throwIfNoEntry: false }) !== undefined;
}

async function explainCapture(context: Context, directory: string, log: string | undefined): Promise<Explained> {
  const files = new CaptureFiles(directory);
  const source = log === undefined ? logOfCapture(files) : logOfFile(log);
  return explained('capture', source, await evidenceOfCapture(files, context));
}

/** A directory of captures, each taken before an attempt: those attempts that did not go. */
async function explainAll(context: Context, directory: string, paths: readonly string[]): Promise<Explained> {
  const all: Explained[] = [];
  for (const [done, path] of paths.entries()) {
    context.progress.update({ label: 'explaining', done, total: paths.length, unit: 'captures' });
    const files = new CaptureFiles(path);
    const source = logOfCapture(files);
    if (source.asked?.isOffline === true && source.text === null) continue;
    all.push(explained('capture', source, await evidenceOfCapture(files, context), files.name));
  }
  context.progress.stop();
  return {
    machine: new CaptureFiles(directory).name,
    source: 'capture',
    attempts: all.flatMap(({ attempts }) => attempts),
    records: all.reduce((sum, { records }) => sum + records, 0),
    zonesOf: (block) => all.find(({ attempts }) => attempts[0]?.blocks.includes(block))?.zonesOf(block) ?? null,
    caveats: [],
  };
}

function explained(
  source: Explained['source'],
  { text, asked, caveats }: LogSource,
  { name, knowledge, zonesOf, caveats: told }: Evidence,
  capture?: string,
): Explained {
  const records = text === null ? [] : parseKernelLog(text);
  const attempts = asked === null ? explainLog(records, knowledge) : [explainAttempt(records, asked, knowledge)];
  return {
    machine: name,
    source,
    attempts: attempts.map((attempt) => (capture === undefined ? attempt : { ...attempt, capture })),
    records: records.length,
    zonesOf,
    caveats: [...caveats, ...told],
  };
}

function print(context: Context, { attempts, records, zonesOf, caveats, source }: Explained): void {
  if (attempts.length === 0) {
    const where = source === 'live' ? "This host's log" : 'The log';
    context.print(
      wrap(
        `${where} (${countOf(records, 'record')}) tells of no attempt to take memory offline that failed. ` +
          'An attempt that is refused with EINVAL leaves nothing in it.',
        80,
      ),
    );
  } else context.print(attemptsText({ attempts, zonesOf, palette: context.palette }).join('\n'));
  // What is not known of pages matters where the log says nothing of them.
  const isOnEvidence = attempts.some(({ pages, groups }) => pages.length === 0 && groups.length > 0);
  if (source !== 'capture' || isOnEvidence)
    for (const caveat of caveats) context.print(`  ! ${wrap(caveat, 76, '    ')}`);
}
