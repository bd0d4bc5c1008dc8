import { freemem } from 'node:os';
import { VacateError } from '../../base/vacate-error.js';
import { formatBytes } from '../../mm/units.js';
import type { RunRequest } from '../../server/run-request.js';
import type { RunEar, RunThread, StartRun } from '../../server/runs.js';
import { KeeperThread } from '../../workers/keeper-thread.js';
import { formatBlocks } from '../parse-blocks.js';
import { type BlockBook, selectBlocks } from '../select-blocks.js';
import type { LookTask } from './look-keeper.js';
import type { LookedMachine } from './looked-machine.js';
import { letGo, newRunControl, noteTaken } from './run-control.js';
import type { RunAnswer, RunNews, RunTask, RunWork } from './run-keeper.js';

/** What a simulated machine takes for each page, its map and a recording of what becomes of it among it. */
const BYTES_PER_PAGE = 48;

/** Throws for a label that names no strategy. */
export type CheckStrategy = (frontEnd: RunRequest['frontEnd'], label: string) => Promise<void>;

/** Begins runs on fresh copies of a machine, each in a thread of its own. */
export function runStarter(look: LookTask, machine: LookedMachine, check: CheckStrategy): StartRun {
  return async (request, ear) => {
    await machine.opened;
    const { book, nrPfns } = machine;
    if (book === null || nrPfns === null)
      throw new VacateError('host', 'the machine could not be opened, so nothing can be run on it');
    if (request.strategy !== undefined) await check(request.frontEnd, request.strategy);
    const work = workOf(request, book);
    checkRoom(nrPfns);
    const { root: _live, ...rest } = look;
    const control = newRunControl();
    const command = commandOf(look.machine, request, work);
    const { strategy, hold = false } = request;
    return begin({ ...rest, work, command, strategy, hold, control }, control, ear);
  };
}

function begin(task: RunTask, control: Int32Array, ear: RunEar): RunThread {
  const keeper = new KeeperThread<RunTask, 'run', RunAnswer, RunNews>(
    new URL('./run-keeper.js', import.meta.url),
    task,
  );
  const stop = new AbortController();
  const onNews = (news: RunNews) => {
    if ('state' in news) return ear.onState(news.state);
    ear.onChunk(news.chunk);
    noteTaken(control, news.chunk.length);
  };
  return {
    ended: keeper.ask('run', { signal: stop.signal, onNews }),
    go: () => letGo(control),
    stop: () => stop.abort(),
    kill: () => keeper.kill(),
  };
}

/** @throws VacateError kind 'range' or 'usage', in the page's words, for memory that is not there. */
function workOf(request: RunRequest, book: BlockBook): RunWork {
  if (request.frontEnd === 'high-order') return { frontEnd: 'high-order', order: request.order, count: request.count };
  const { blocks, dimm, range } = request;
  const given = { ...(blocks && { blocks }), ...(dimm && { dimm }), ...(range && { range }) };
  try {
    return { frontEnd: 'offline', blocks: selectBlocks(book, given) };
  } catch (error) {
    if (!VacateError.is(error)) throw error;
    throw new VacateError(error.kind, error.message.replace(/--(?=blocks\b|dimm\b|range\b)/g, ''), { cause: error });
  }
}

function checkRoom(nrPfns: number): void {
  const needed = nrPfns * BYTES_PER_PAGE;
  if (needed <= freemem()) return;
  throw new VacateError(
    'limit',
    `one more copy of this machine takes ${formatBytes(needed)}, and ${formatBytes(freemem())} are free; stop other runs`,
  );
}

/** What one would type for the same. */
function commandOf(machine: string, { strategy }: RunRequest, work: RunWork): string[] {
  const how = strategy === undefined ? [] : ['--strategy', strategy];
  if (work.frontEnd === 'offline') return ['offline', machine, '--blocks', formatBlocks(work.blocks), ...how];
  return ['high-order', machine, '--order', `${work.order}`, '--count', `${work.count}`, ...how];
}
