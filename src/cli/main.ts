#!/usr/bin/env node
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type Context, createContext } from './context.js';
import type { Interrupts } from './interrupts.js';
import { endingOf } from './messages.js';
import { createProgram, type StrategyNames } from './program.js';

/** A reader that has left (`| head`), and a terminal that was closed. */
const GONE = ['EPIPE', 'EIO'];

/** Whoever reads our output may leave early; the work goes on and the exit code still tells how it ended. */
function forgiveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!GONE.includes(error.code ?? '')) throw error;
    });
  }
}

/**
 * When its terminal was closed, Node fails to put the terminal's settings back and leaves a core dump (of 20.20 and
 * others). We have put everything back by then, so we end as whoever does not listen to the signal.
 */
function endWithTerminal(interrupts: Interrupts): void {
  const hadTerminal = [0, 1, 2].some((fd) => isatty(fd));
  process.on('exit', () => {
    if (!interrupts.wasHungUp || !hadTerminal || hasTerminal()) return;
    interrupts.remove();
    process.kill(process.pid, 'SIGHUP');
  });
}

/** False once the terminal of this session is closed. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Loading strategies and page types takes longer than reading the pages of a small host: these do without, or load them
 * later.
 */
const WITHOUT_STRATEGIES = ['capture', 'view'];

/** What strategies and page types are built with, before the first of them is loaded. */
async function loadFoundations(context: Context): Promise<void> {
  await import('reflect-metadata');
  const { onStrayListenerError } = await import('../events/index.js');
  onStrayListenerError((error) => context.note(`a listener failed: ${String(error)}`));
}

/** Help names the strategies, and nothing else on the way to a command does. */
async function namesForHelp(context: Context): Promise<StrategyNames | null> {
  if (!process.argv.slice(2).some((word) => ['-h', '--help', 'help'].includes(word))) return null;
  await loadFoundations(context);
  return (await import('./strategy-names.js')).strategyNames();
}

async function main(): Promise<void> {
  forgiveClosedPipes();
  const context = createContext(process.argv);
  endWithTerminal(context.interrupts);
  context.interrupts.install();
  const end = (exitCode: number) => {
    process.exitCode = exitCode;
  };
  try {
    const program = createProgram(context, end, await namesForHelp(context));
    program.hook('preAction', async (_program, command) => {
      if (!WITHOUT_STRATEGIES.includes(command.name())) await loadFoundations(context);
    });
    await program.parseAsync();
  } catch (error) {
    const { sentence, exitCode } = endingOf(error);
    if (process.env.VACATE_DEBUG !== undefined) console.error(error);
    if (sentence !== null) context.note(sentence);
    process.exitCode = exitCode;
  } finally {
    context.progress.stop();
    context.interrupts.remove();
  }
}

await main();
