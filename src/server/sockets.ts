import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Door } from './door.js';
import type { Feed } from './feed.js';
import { Outbox } from './outbox.js';

/** Nobody has so many pages open; each costs memory. */
const SOCKETS_MAX = 32;
/** A page that watches has nothing to say. */
const MESSAGE_BYTES_MAX = 1024;
/** Smaller messages are not worth deflating, even on their way through a tunnel; which are, an outbox finds out. */
const DEFLATE_FROM_BYTES = 16 * 1024;
const PING_EVERY_MS = 15_000;
const CLOSE_POLICY = 1008;
const CLOSE_GOING_AWAY = 1001;

/** A request that is turned down before there is a socket. */
export interface SocketDenial {
  readonly status: 401 | 403 | 404 | 503;
  readonly because: string;
}

const REASONS: Readonly<Record<SocketDenial['status'], string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
};

export interface SocketsOptions {
  readonly door: Door;
  /** What is sent at a path; null if there is nothing. */
  readonly feedAt: (path: string) => Feed | null;
}

/** The WebSockets of a server: who may open one, whether it is still alive, and the end of all. */
export class Sockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: {
      threshold: DEFLATE_FROM_BYTES,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      zlibDeflateOptions: { level: 1 },
    },
  });
  readonly #answered = new WeakSet<WebSocket>();
  readonly #pinging: NodeJS.Timeout;

  constructor(
    server: Server,
    private readonly options: SocketsOptions,
    pingEveryMs = PING_EVERY_MS,
  ) {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#pinging = setInterval(() => this.#ping(), pingEveryMs);
    this.#pinging.unref();
  }

  get nrOpen(): number {
    return this.#server.clients.size;
  }

  /** Closes all of them; who does not answer is cut off. */
  close(): void {
    clearInterval(this.#pinging);
    for (const socket of this.#server.clients) {
      socket.close(CLOSE_GOING_AWAY);
      socket.terminate();
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const address = new URL(request.url ?? '/', 'http://localhost');
    const denial = this.#check(request, address);
    const feed = denial === null ? this.options.feedAt(address.pathname) : null;
    if (feed === null) {
      deny(socket, denial ?? { status: 404, because: 'there is nothing to watch at this address' });
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      this.#answered.add(opened);
      opened.on('pong', () => this.#answered.add(opened));
      opened.on('message', () => opened.close(CLOSE_POLICY));
      opened.on('error', () => opened.terminate());
      feed.attach(new Outbox(opened));
    });
  }

  /** The same checks as for any request; a browser says the origin of every socket. */
  #check({ headers }: IncomingMessage, { searchParams }: URL): SocketDenial | null {
    const { door } = this.options;
    const denial = door.checkAddress(headers) ?? door.checkToken({ headers, queryToken: searchParams.get('token') });
    if (denial !== null) return denial;
    if (this.nrOpen < SOCKETS_MAX) return null;
    return { status: 503, because: `${SOCKETS_MAX} pages are open already; close one` };
  }

  /** Whoever has not answered the last ping is gone. */
  #ping(): void {
    for (const socket of this.#server.clients) {
      if (!this.#answered.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }
}

function deny(socket: Duplex, { status, because }: SocketDenial): void {
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(because)}`,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${because}`);
}
