import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Where the tests stand: the top of the package, so that relative names are the same everywhere. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const MAIN = 'dist/cli/main.js';
export const MAIN_UNBUNDLED = 'dist/src/cli/main.js';

const ASK_MS = 20;

export interface Ended {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Manner {
  readonly env?: NodeJS.ProcessEnv;
  /** Sends SIGINT as soon as standard output or error contains this. */
  readonly interruptAt?: string;
  /** Sends it again, each time after so many milliseconds. */
  readonly againAfterMs?: number;
  /** Sends SIGINT as soon as this is true, which is asked now and then. */
  readonly interruptWhen?: () => boolean;
  /** Sends this instead of SIGINT. */
  readonly signal?: NodeJS.Signals;
  /** Module by module as it was compiled, for a plugin that reaches into the modules. */
  readonly unbundled?: boolean;
  /** Nobody reads standard output. */
  readonly closeStdout?: boolean;
}

/** Runs the built command line to its end, without a terminal. */
export function vacate(args: readonly string[], manner: Manner = {}): Promise<Ended> {
  const { FORCE_COLOR: _ignored, ...env } = process.env;
  const main = manner.unbundled === true ? MAIN_UNBUNDLED : MAIN;
  const child = spawn(process.execPath, [main, ...args], { cwd: ROOT, env: { ...env, ...manner.env } });
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  let again: NodeJS.Timeout | undefined;
  if (manner.closeStdout === true) child.stdout.destroy();
  const interrupt = () => child.kill(manner.signal ?? 'SIGINT');
  const look = () => {
    const { interruptAt, againAfterMs } = manner;
    if (interrupted || interruptAt === undefined || !(stdout + stderr).includes(interruptAt)) return;
    interrupted = true;
    interrupt();
    if (againAfterMs !== undefined) again = setInterval(interrupt, againAfterMs);
  };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    look();
  });
  const asking = setInterval(() => {
    if (manner.interruptWhen?.() !== true) return;
    clearInterval(asking);
    interrupt();
  }, ASK_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearInterval(asking);
      clearInterval(again);
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** The first line that a program prints, in however many pieces it comes; throws if it ends before that. */
export function firstLine(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    const hear = (piece: string) => {
      text += piece;
      if (!text.includes('\n')) return;
      stream.off('data', hear);
      resolve(text.slice(0, text.indexOf('\n')));
    };
    stream.on('data', hear).on('end', () => reject(new Error(`it has ended, and said: ${text}`)));
  });
}

/** Runs many command lines, as many at a time as there are processors; the answers are in the order of the questions. */
export async function vacateAll(commandLines: ReadonlyArray<readonly string[]>): Promise<Ended[]> {
  const answers: Ended[] = [];
  let next = 0;
  const worker = async () => {
    while (next < commandLines.length) {
      const at = next++;
      answers[at] = await vacate(commandLines[at] as readonly string[]);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, cpus().length) }, worker));
  return answers;
}
