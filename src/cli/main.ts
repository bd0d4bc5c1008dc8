#!/usr/bin/env node
import 'reflect-metadata';
import { onStrayListenerError } from '../events/index.js';
import { createContext } from './context.js';
import { endingOf } from './messages.js';
import { createProgram } from './program.js';

/** Whoever reads our output may leave early (`| head`); the work goes on and the exit code still tells how it ended. */
function forgiveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

async function main(): Promise<void> {
  forgiveClosedPipes();
  const context = createContext(process.argv);
  onStrayListenerError((error) => context.note(`a listener failed: ${String(error)}`));
  context.interrupts.install();
  const program = createProgram(context, (exitCode) => {
    process.exitCode = exitCode;
  });
  try {
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
