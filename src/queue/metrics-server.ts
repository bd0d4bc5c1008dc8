import { createServer, type Server, type ServerResponse } from 'node:http';
import { codeOf } from '../base/errno.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** Whoever asks slower than this does not mean well. */
const PATIENCE_MS = 5000;
const CONNECTIONS_MAX = 32;

export interface MetricsServerOptions {
  /** 127.0.0.1 unless somebody wants it otherwise. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly health: () => { readonly isWell: boolean; readonly facts: object };
}

export interface MetricsServer {
  readonly port: number;
  close(): void;
}

/**
 * Answers /metrics and /health, and nothing else. It changes nothing and tells no secrets.
 *
 * @throws VacateError kind 'usage' if it cannot listen there.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS }, (request, response) => {
    request.resume();
    const path = request.url?.split('?', 1)[0];
    void answer(options, request.method ?? '', path ?? '', response).catch(() => send(response, 500, TEXT, 'failed\n'));
  });
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, options);
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const TEXT = 'text/plain; charset=utf-8';

async function answer(options: MetricsServerOptions, method: string, path: string, to: ServerResponse): Promise<void> {
  if (!['GET', 'HEAD'].includes(method)) return send(to, 405, TEXT, 'it is asked with GET\n');
  if (path === '/metrics') {
    const { type, text } = await options.metrics();
    return send(to, 200, type, text);
  }
  if (path !== '/health') return send(to, 404, TEXT, 'there are /metrics and /health\n');
  const { isWell, facts } = options.health();
  return send(to, isWell ? 200 : 503, 'application/json', `${JSON.stringify(facts)}\n`);
}

function send(to: ServerResponse, status: number, type: string, text: string): void {
  to.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  to.end(text);
}

function listen(server: Server, { host, port }: MetricsServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new VacateError(
          'usage',
          `nothing can listen at ${quoted(host)}, port ${port} (${codeOf(cause)}); name others by --listen and --metrics-port`,
          { cause },
        ),
      ),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
