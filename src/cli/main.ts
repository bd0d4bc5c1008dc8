#!/usr/bin/env node
import { type Context, createContext } from './context.js';
import { endingOf } from './messages.js';
import { createProgram, type StrategyNames } from './program.js';

/** Whoever reads our output may leave early (`| head`); the work goes on and the exit code still tells how it ended. */
function forgiveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Loading strategies and page types takes longer than reading the pages of a small host: these do without. */
const WITHOUT_STRATEGIES = ['capture'];

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
