import { VacateError } from '../../base/vacate-error.js';
import { type LintFacts, lint as lintOf } from '../../lint/index.js';
import { hostNameOf, whyNoPages } from '../../linux/live-files.js';
import { PAGE_SIZE } from '../../mm/units.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.js';
import { factsOfHost, factsOfMachine, type Wanted } from '../lint-facts.js';
import { lintText } from '../lint-text.js';
import { LIVE, treeOf } from '../open-live.js';
import { openMachine } from '../open-machine.js';

export interface LintOptions extends Wanted {
  readonly root?: string;
  readonly json?: boolean;
}

/** `vacate lint`: what stands in the way of removing memory one day, while it can still be changed. */
export async function lint(context: Context, machineName: string, options: LintOptions): Promise<number> {
  checkOptions(options);
  const { name, source, facts } = await factsOf(context, machineName, options);
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
    });
  } else context.print(lintText(name, facts, report, context.palette).join('\n'));
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
}

async function factsOf(context: Context, machineName: string, options: LintOptions): Promise<Asked> {
  if (machineName === LIVE) {
    const tree = treeOf(options.root);
    // Of a host whose pages cannot be read one may still say most of it.
    if (whyNoPages(tree) !== null) return { name: hostNameOf(tree), source: LIVE, facts: factsOfHost(tree, options) };
  }
  const open = await openMachine(machineName, { ...context, root: options.root });
  return { name: open.machine.spec.name, source: open.source, facts: factsOfMachine(open, options) };
}
