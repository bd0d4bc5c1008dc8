import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { SIGNATURE } from '../../recording/chunk.js';
import { RunFile } from '../../server/run-file.js';
import { Runs } from '../../server/runs.js';
import type { ServerOptions, ViewServer } from '../../server/start-server.js';
import type { Context } from '../context.js';
import { EXIT_INTERRUPTED } from '../exit-codes.js';
import { LIVE } from '../open-live.js';
import { checkName, checkRoot, readable } from '../open-machine.js';
import { version } from '../version.js';
import type { LookNews } from '../view/look-keeper.js';
import { LookedMachine } from '../view/looked-machine.js';
import { StrategyBook } from '../view/offered-strategies.js';
import { checkSameMachine } from '../view/same-machine.js';
import { checkSamePages } from '../view/same-pages.js';
import { runStarter } from '../view/start-run.js';

export interface ViewOptions {
  readonly port: number;
  readonly allowActions?: boolean;
  readonly open?: boolean;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly root?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Where the build puts the page: beside what it makes of `src`. */
const PAGE_DIRECTORY = fileURLToPath(new URL('../../../browser', import.meta.url));

type Shown = Pick<ServerOptions, 'source' | 'beside' | 'runs' | 'whyNoActions' | 'strategies'> & {
  /** Rejects if what is to be shown cannot be. */
  readonly broken: Promise<never>;
  readonly close: () => Promise<void>;
};

/** `vacate view`: shows a machine, or a recorded run or two, in a browser, until Ctrl-C. */
export async function view(
  context: Context,
  [name, beside]: readonly [string, string | undefined],
  options: ViewOptions,
): Promise<number> {
  checkRoot(name, options.root);
  if (beside !== undefined) checkRuns([name, beside]);
  const shown = isRun(name) ? showRun(name, beside, options) : await showMachine(context, name, options);
  let server: ViewServer | null = null;
  try {
    const { startServer } = await import('../../server/start-server.js');
    server = await startServer({
      ...shown,
      port: options.port,
      pageDirectory: PAGE_DIRECTORY,
      version: version(),
      onBroken: (error) => context.note(`something is broken, in vacate or in a plugin: ${String(error)}`),
    });
    return await Promise.race([serve(context, server, options), shown.broken]);
  } finally {
    await Promise.all([server?.close(), shown.close()]);
  }
}

/** Says where it is to be seen, and waits for the end. */
async function serve(context: Context, { url, port }: ViewServer, { json, open }: ViewOptions): Promise<number> {
  context.print(json === true ? JSON.stringify({ url, port }) : url);
  if (json !== true) context.note('open this address in a browser of this machine; Ctrl-C ends it');
  const opened =
    open === true
      ? (await import('../view/browser.js')).openBrowser(url, (because) =>
          context.note(`${because}; open the address yourself`),
        )
      : null;
  try {
    await interruption(context.interrupts.signal);
    return EXIT_INTERRUPTED;
  } finally {
    opened?.close();
  }
}

function interruption(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function showMachine(context: Context, name: string, options: ViewOptions): Promise<Shown> {
  if (name !== LIVE) checkName(name);
  const { seed, root, plugin, pluginTimeLimit, allowActions = false } = options;
  const task = { machine: name, seed, root, plugin, pluginTimeLimit, by: version() };
  const machine = new LookedMachine(task, (news) => showProgress(context, news));
  const strategies = new StrategyBook();
  const whyNoActions = whyNot(name, allowActions);
  const runs = new Runs(runStarter(task, machine, strategies.check), () => performance.now());
  return {
    ...{
      source: machine,
      beside: null,
      runs: name === LIVE ? null : runs,
      whyNoActions,
      strategies: strategies.offered,
    },
    broken: machine.broken,
    close: () => machine.close(),
  };
}

function whyNot(name: string, allowActions: boolean): string | null {
  if (name === LIVE) return 'this host is only looked at; take a capture of it, and begin runs on that';
  return allowActions ? null : 'this server only shows; start vacate view with --allow-actions to begin and stop runs';
}

function showProgress({ progress }: Context, news: LookNews): void {
  if ('step' in news) progress.update(news.step);
  else progress.stop();
}

function showRun(name: string, besideName: string | undefined, { allowActions }: ViewOptions): Shown {
  if (allowActions === true)
    throw new VacateError(
      'usage',
      `"${name}" is a recorded run, and nothing can be begun on it; leave out --allow-actions`,
    );
  const source = new RunFile(name);
  const beside = besideName === undefined ? null : new RunFile(besideName);
  if (beside !== null) {
    checkSameMachine(source.header, beside.header);
    checkSamePages(name, besideName!, source.header.machine.nrPfns);
  }
  return {
    source,
    beside,
    runs: null,
    whyNoActions: 'a recorded run is over; open its machine with --allow-actions to begin others',
    strategies: async () => ({ offline: [], highOrder: [] }),
    broken: new Promise<never>(() => {}),
    close: async () => {},
  };
}

/** Machines have no time line that another could keep step with. */
function checkRuns(names: readonly string[]): void {
  const other = names.find((name) => !isRun(name));
  if (other === undefined) return;
  throw new VacateError(
    'usage',
    `${quoted(other)} is no recorded run, and only runs are shown side by side; name two files that --record wrote`,
  );
}

/** True for a file that begins as recorded runs do. */
function isRun(name: string): boolean {
  const stats = name === LIVE ? undefined : readable(name, () => statSync(name, { throwIfNoEntry: false }));
  if (stats?.isFile() !== true) return false;
  return readable(name, () => {
    const file = openSync(name, 'r');
    try {
      const start = Buffer.alloc(SIGNATURE.length);
      return readSync(file, start, 0, start.length, 0) === start.length && start.toString('latin1') === SIGNATURE;
    } finally {
      closeSync(file);
    }
  });
}
