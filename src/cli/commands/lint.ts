import { VacateError } from '../../base/vacate-error.js';
import { type LintFacts, lint as lintOf } from '../../lint/index.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf, whyNoPages } from '../../linux/live-files.js';
import { PAGE_SIZE } from '../../mm/units.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.js';
import { factsOfHost, factsOfMachine, type Wanted } from '../lint/lint-facts.js';
import { lintText } from '../lint/lint-text.js';
import { LIVE, treeOf } from '../open-live.js';
import { type OpenMachine, openMachine } from '../open-machine.js';
import { wrap } from '../wording.js';

export interface LintOptions extends Wanted {
  readonly root?: string;
  readonly json?: boolean;
}

/** `vacate lint`: what stands in the way of removing memory one day, while it can still be changed. */
export async function lint(context: Context, machineName: string, options: LintOptions): Promise<number> {
  checkOptions(options);
  const { name, source, facts, obstacle } = await factsOf(context, machineName, options);
  const report = lintOf(facts);
  await context.interrupts.breathe();
  if (options.json === true) {
    const { wanted, kernel } = facts;
    printJson(context, {
      command: 'lint',
      machine: name,
      source,
      kernel,
      wanted: { blocks: wanted.blocks, bytes: wanted.pages === null ? null : wanted.pages * PAGE_SIZE },
      dimms: facts.dimms,
      areDimmsGuessed: facts.areDimmsGuessed,
      ...report,
      caveats: obstacle === null ? [] : [obstacle],
    });
  } else {
    context.print(lintText(name, facts, report, context.palette).join('\n'));
    if (obstacle !== null) context.print(`\n  ! ${wrap(obstacle, 76, '    ')}`);
  }
  return report.findings.some(({ severity }) => severity === 'problem') ? EXIT_REFUSED : EXIT_DONE;
}

function checkOptions({ dimm, blocks }: LintOptions): void {
  if (dimm === undefined || blocks === undefined) return;
  throw new VacateError('usage', '--dimm and --blocks both say what is to be removable; keep one');
}

interface Asked {
  readonly name: string;
  readonly source: string;
  readonly facts: LintFacts;
  /** Why nothing is known of its pages, in a sentence; null if it is. */
  readonly obstacle: string | null;
}

async function factsOf(context: Context, machineName: string, options: LintOptions): Promise<Asked> {
  if (machineName === LIVE) {
    const tree = treeOf(options.root);
    const obstacle = whyNoPages(tree);
    return obstacle === null ? factsOfLive(context, tree, options) : factsWithoutPages(tree, options, obstacle);
  }
  return factsOfOpen(await openMachine(machineName, { ...context, root: options.root }), options);
}

async function factsOfLive(context: Context, tree: LinuxTree, options: LintOptions): Promise<Asked> {
  let open: OpenMachine;
  try {
    open = await openMachine(LIVE, { ...context, root: options.root });
  } catch (error) {
    if (!VacateError.is(error) || error.kind !== 'host') throw error;
    return factsWithoutPages(tree, options, error.message);
  }
  return factsOfOpen(open, options);
}

function factsOfOpen(open: OpenMachine, options: LintOptions): Asked {
  const facts = factsOfMachine(open, options);
  return { name: open.machine.spec.name, source: open.source, facts, obstacle: null };
}

/** Of a host whose pages cannot be read, or change too fast, one may still say most of it. */
function factsWithoutPages(tree: LinuxTree, options: LintOptions, obstacle: string): Asked {
  return { name: hostNameOf(tree), source: LIVE, facts: factsOfHost(tree, options), obstacle };
}
