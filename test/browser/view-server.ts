import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The top of the package, from its sources and from dist alike. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url).href.replace(/\/dist\/$/, '/'));
const MAIN = 'dist/cli/main.js';
const START_MS = 30_000;

/** A `vacate view` of the built command line, on a port of its own. */
export interface ViewServer {
  /** With the token. */
  readonly url: string;
  readonly origin: string;
  readonly port: number;
  readonly token: string;
  /** As a program would ask, with the token. */
  ask<T>(path: string, init?: RequestInit): Promise<T>;
  stop(): Promise<void>;
}

export async function startView(args: readonly string[]): Promise<ViewServer> {
  const child = spawn(process.execPath, [MAIN, 'view', ...args, '--port', '0', '--json'], { cwd: ROOT });
  const ended = once(child, 'exit');
  const url = await new Promise<string>((found, fail) => {
    let text = '';
    let errors = '';
    const timer = setTimeout(() => fail(new Error(`vacate view says nothing: ${errors}`)), START_MS);
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      found((JSON.parse(text.slice(0, text.indexOf('\n'))) as { url: string }).url);
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      errors += piece;
    });
    void ended.then(() => fail(new Error(`vacate view has ended: ${errors}`)));
  });
  const { origin, port, searchParams } = new URL(url);
  const token = searchParams.get('token')!;
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return {
    url,
    origin,
    port: Number(port),
    token,
    async ask<T>(path: string, init: RequestInit = {}): Promise<T> {
      const response = await fetch(`${origin}/${path}`, { ...init, headers });
      return (await response.json()) as T;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
