import { type ChildProcess, spawn } from 'node:child_process';
import { MAIN, ROOT } from '../run-cli.js';
import { ended } from './redis-server.js';

/** A `vacate worker` of a test, which has said that it is ready. */
export interface TestWorker {
  readonly child: ChildProcess;
  /** What it has said so far, on both streams. */
  readonly said: () => string;
  /** Sends a signal; its exit code, null if the signal ended it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

const started: ChildProcess[] = [];

/** Ends whatever tests have started and not ended. */
export async function endWorkers(): Promise<void> {
  await Promise.all(started.splice(0).map((child) => ended(child, 'SIGKILL')));
}

/** Starts `vacate worker` with these arguments. */
export async function startWorker(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<TestWorker> {
  const child = spawn(process.execPath, [MAIN, 'worker', ...args], { cwd: ROOT, env: { ...process.env, ...env } });
  started.push(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (text: string) => {
      said += text;
      if (/ready/.test(said)) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', reject).on('exit', () => reject(new Error(`a worker has ended, and said: ${said}`)));
  });
  return {
    child,
    said: () => said,
    end: async (signal) => {
      await ended(child, signal);
      return child.exitCode;
    },
  };
}

/** Resolves when something is true, which is asked now and then. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, ASK_MS));
}

const ASK_MS = 20;
