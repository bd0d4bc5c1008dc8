import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { CHUNK_BLOCKS, type Chunk } from '../../../src/recording/chunk.js';
import { unpackChunk } from '../../../src/recording/chunk-reader.js';
import { Replay } from '../../../src/recording/replay.js';
import { firstLine, ROOT } from '../run-cli.js';

const MAIN = 'dist/cli/main.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they were sent
  readonly json: any;
}

/** A process of `vacate view`, and what a browser does with it. */
export class Viewing {
  /** Those that have not been ended. */
  static readonly #open = new Set<Viewing>();
  readonly #sockets: WebSocket[] = [];
  stderr = '';

  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
    readonly port: number,
  ) {
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
  }

  /** Resolves when it has said where it is to be seen. */
  static async of(args: readonly string[]): Promise<Viewing> {
    const child = spawn(process.execPath, [MAIN, 'view', ...args, '--json'], { cwd: ROOT });
    const { url, port } = JSON.parse(await firstLine(child.stdout)) as { url: string; port: number };
    const view = new Viewing(child, url, port);
    Viewing.#open.add(view);
    return view;
  }

  /** Whatever a test that failed has left. */
  static async endAll(): Promise<void> {
    await Promise.all([...Viewing.#open].map((view) => view.end()));
  }

  get token(): string {
    return new URL(this.url).searchParams.get('token') as string;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** With the token as a bearer, unless there are other headers. */
  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.token}`, ...(init.headers as Record<string, string>) };
    const response = await fetch(`${this.origin}${path}`, { ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : null };
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Sends bytes as they are, which no client would, and reads to the end. */
  async raw(request: string): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port: this.port });
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.write(request);
    await once(socket, 'close');
    return answer;
  }

  /** A request line and headers, with the token. */
  rawGet(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const all = {
      Host: `127.0.0.1:${this.port}`,
      Authorization: `Bearer ${this.token}`,
      Connection: 'close',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    return this.raw(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  }

  watch(path: string): Watcher {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, {
      headers: { cookie: `vacate-${this.port}=${this.token}` },
    });
    this.#sockets.push(socket);
    return new Watcher(socket);
  }

  /** Ends it by a signal; resolves to its exit code, null if the signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    for (const socket of this.#sockets) socket.terminate();
    Viewing.#open.delete(this);
    if (this.child.exitCode !== null) return this.child.exitCode;
    this.child.kill(signal);
    const [exitCode] = (await once(this.child, 'exit')) as [number | null];
    return exitCode;
  }
}

/** A socket, and the replay of what came by it. */
export class Watcher {
  readonly replay = new Replay();
  readonly kinds: number[] = [];
  readonly chunks: Chunk[] = [];
  /** What was said that was no chunk. */
  readonly said: string[] = [];
  readonly closed: Promise<number>;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (message: Buffer, isBinary) => {
      if (!isBinary) {
        this.said.push(message.toString());
        return;
      }
      const chunk = unpackChunk(new Uint8Array(message));
      this.kinds.push(chunk.kind);
      this.chunks.push(chunk);
      this.replay.feed(chunk);
    });
    this.closed = new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', resolve);
    });
  }

  /** Resolves when it holds, which is asked now and then. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.socket.readyState === WebSocket.CLOSED && !holds()) throw new Error('the socket was closed before');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** All pages, and what blocks say of themselves. */
  picture(): Promise<void> {
    return this.until(() => this.kinds.includes(CHUNK_BLOCKS));
  }
}

/** The status of a socket that was refused. */
export function refusalOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('error', () => {});
  });
}
