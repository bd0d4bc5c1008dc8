import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What a server is like that is not as good as most. Each is asked of every request, by the file's path. */
export interface Manners {
  /** Knows no ranges, and always gives all. */
  readonly rangeless?: boolean;
  readonly validators?: readonly ('etag' | 'weak-etag' | 'last-modified')[];
  /** Answers of its own; true if it has given one. */
  readonly instead?: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
  /** Cuts the connection after so many bytes of a body. */
  readonly cutAfter?: (path: string) => number | null;
}

/** A server of a folder's files on this computer. */
export class FileServer {
  /** "GET /host7/zoneinfo bytes=0-99", in the order in which they came. */
  readonly asked: string[] = [];
  manners: Manners = {};
  readonly #server: Server;

  private constructor(private readonly folder: string) {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(folder: string): Promise<FileServer> {
    const self = new FileServer(folder);
    await new Promise<void>((resolve) => self.#server.listen(0, '127.0.0.1', resolve));
    return self;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://here').pathname);
    const { range } = request.headers;
    this.asked.push(`${request.method} ${path}${range === undefined ? '' : ` ${range}`}`);
    if (this.manners.instead?.(path, request, response) === true) return;
    const name = join(this.folder, path);
    const stats = statSync(name, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) {
      response.writeHead(404).end('there is no such file');
      return;
    }
    const bytes = readFileSync(name);
    const { validators = ['etag', 'last-modified'], rangeless = false } = this.manners;
    const tag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
    if (validators.includes('etag')) response.setHeader('ETag', tag);
    if (validators.includes('weak-etag')) response.setHeader('ETag', `W/${tag}`);
    if (validators.includes('last-modified')) response.setHeader('Last-Modified', stats.mtime.toUTCString());
    const unless = request.headers['if-range'];
    const isSame = unless === undefined || unless === tag || unless === stats.mtime.toUTCString();
    const asked = rangeless || !isSame ? null : /^bytes=(\d+)-(\d+)$/.exec(range ?? '');
    if (asked === null) this.#send(path, request, response.writeHead(200, { 'Content-Length': bytes.length }), bytes);
    else {
      const [start, end] = [Number(asked[1]), Math.min(Number(asked[2]), bytes.length - 1)];
      const about = { 'Content-Range': `bytes ${start}-${end}/${bytes.length}`, 'Content-Length': end - start + 1 };
      this.#send(path, request, response.writeHead(206, about), bytes.subarray(start, end + 1));
    }
  }

  #send(path: string, { method }: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const cut = method === 'HEAD' ? null : (this.manners.cutAfter?.(path) ?? null);
    if (method === 'HEAD') response.end();
    else if (cut === null || cut >= body.length) response.end(body);
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 5));
  }
}
