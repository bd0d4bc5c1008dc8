import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { VacateError } from '../base/vacate-error.js';
import { type AppOptions, createApp } from './app.js';
import { Door, LOOPBACK } from './door.js';
import type { Feed } from './feed.js';
import { PageFiles } from './page-files.js';
import { Sockets } from './sockets.js';

/** Whoever sends headers slower than this, or a request, does not mean well. */
const PATIENCE_MS = 10_000;
const CONNECTIONS_MAX = 128;

export interface ServerOptions extends Omit<AppOptions, 'door' | 'files'> {
  /** 0 for any that is free. */
  readonly port: number;
  /** Where the built page lies. */
  readonly pageDirectory: string;
}

/** A server that listens. */
export interface ViewServer {
  readonly port: number;
  /** With the token: who has it may ask. */
  readonly url: string;
  /** Ends sockets, runs and the server itself. */
  close(): Promise<void>;
}

/**
 * Shows a machine or a run to browsers of this machine, and to nobody else.
 *
 * @throws VacateError kind 'usage' if the port is taken or may not be had.
 */
export async function startServer(options: ServerOptions): Promise<ViewServer> {
  const { runs, source, beside } = options;
  let answer: ReturnType<typeof createApp>['fetch'] | null = null;
  const server = createAdaptorServer({
    fetch: (request, env) => answer!(request, env),
    serverOptions: { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS },
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, options.port);
  const door = new Door(port);
  const app = createApp({ ...options, door, files: new PageFiles(options.pageDirectory) });
  answer = app.fetch;
  const feedAt = (path: string): Feed | null => {
    if (path === '/api/picture') return source.picture;
    if (path === '/api/beside') return beside;
    return runs?.feed(/^\/api\/runs\/(\d{1,9})$/.exec(path)?.[1] ?? '') ?? null;
  };
  const sockets = new Sockets(server, { door, feedAt });
  return {
    port,
    url: door.url,
    close: async () => {
      sockets.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([runs?.close(), closed]);
    },
  };
}

function listen(server: Server, wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(wanted, error)));
    server.listen({ host: LOOPBACK, port: wanted, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : wanted);
    });
  });
}

function cannotListen(port: number, error: NodeJS.ErrnoException): VacateError {
  const because: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken by another program; name another, or leave out --port for any that is free`,
    EACCES: `port ${port} is for root alone; name one from 1024 on, or leave out --port for any that is free`,
  };
  const sentence = because[error.code ?? ''] ?? `port ${port} cannot be opened (${error.code}); name another`;
  return new VacateError('usage', sentence, { cause: error });
}
