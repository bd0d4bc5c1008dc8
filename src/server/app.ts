import { readFile } from 'node:fs/promises';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Door } from './door.js';
import type { Feed } from './feed.js';
import { securityHeaders } from './headers.js';
import type { PageFile, PageFiles } from './page-files.js';
import { type Runs, sentenceOf, statusOf } from './runs.js';
import type { ViewSource } from './view-source.js';

const BODY_BYTES_MAX = 64 * 1024;
const PFN = /^(?:0x[0-9a-f]{1,9}|\d{1,10})$/i;

/** A strategy as the page offers it. */
export interface OfferedStrategy {
  readonly name: string;
  readonly about: string;
  /** By which it is asked for: its name, and its name with a mode or a switch. */
  readonly labels: readonly string[];
}

export interface OfferedStrategies {
  readonly offline: readonly OfferedStrategy[];
  readonly highOrder: readonly OfferedStrategy[];
}

export interface AppOptions {
  readonly door: Door;
  readonly source: ViewSource;
  /** A second run on the same machine, which is shown beside the source; null if there is none. */
  readonly beside: Feed | null;
  readonly files: PageFiles;
  readonly version: string;
  /** By front end, the default first. */
  readonly strategies: () => Promise<OfferedStrategies>;
  /** Null where none can be begun. */
  readonly runs: Runs | null;
  /** Why not, and what to do about it; null if they can. */
  readonly whyNoActions: string | null;
  /** Told of errors that are nobody's fault but ours. */
  readonly onBroken: (error: unknown) => void;
}

type App = Hono<{ Bindings: HttpBindings }>;
type Call = Context<{ Bindings: HttpBindings }>;

/** Everything that is asked over HTTP: the page and its files, what is shown, pages one by one, runs. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono();
  guard(app, options);
  servePage(app, options);
  serveSource(app, options);
  serveRuns(app, options);
  app.notFound((call) => refuse(call, 404, 'there is nothing at this address'));
  app.onError((error, call) => {
    const status = statusOf(error);
    if (status === 500) options.onBroken(error);
    return refuse(call, status, sentenceOf(error));
  });
  return app;
}

/** Nothing is answered before these checks, and every answer says what a browser may do with it. */
function guard(app: App, { door, files }: AppOptions): void {
  const headers = securityHeaders(door);
  app.use(async (call, next) => {
    const { headers: asked } = call.env.incoming;
    const isAsset = files.asset(call.req.path) !== null;
    const denial =
      door.checkAddress(asked) ??
      (isAsset ? null : door.checkToken({ headers: asked, queryToken: call.req.query('token') ?? null }));
    if (denial === null) await next();
    else call.res = refuse(call, denial.status, denial.because);
    for (const [name, value] of Object.entries(headers)) call.res.headers.set(name, value);
  });
  app.use(async (call, next) => {
    const isAction = call.req.path.startsWith('/api/runs') && ['POST', 'DELETE'].includes(call.req.method);
    if (isAction || ['GET', 'HEAD'].includes(call.req.method)) return next();
    return refuse(call, 405, `${call.req.method} has no meaning at this address; it is asked with GET`);
  });
}

function servePage(app: App, { door, files }: AppOptions): void {
  app.get('/', (call) => {
    if (files.index === null)
      return refuse(call, 404, 'this copy of vacate was built without its page; run npm run build in its folder');
    call.header('Set-Cookie', door.cookie);
    return send(call, files.index);
  });
  app.get('*', async (call, next) => {
    const file = files.asset(call.req.path);
    return file === null ? next() : send(call, file);
  });
}

function serveSource(app: App, options: AppOptions): void {
  const { source, version, whyNoActions } = options;
  app.get('/api/session', async (call) =>
    call.json({
      ...source.facts(),
      version,
      hasBeside: options.beside !== null,
      allowActions: whyNoActions === null,
      whyNoActions,
      strategies: await options.strategies(),
    }),
  );
  app.get('/api/pages/:pfn', async (call) => {
    const text = call.req.param('pfn');
    if (!PFN.test(text)) return refuse(call, 400, 'that is no page frame number; write it like 4096 or 0x1000');
    return call.json(await source.page(Number(text)));
  });
}

function serveRuns(app: App, { runs, whyNoActions }: AppOptions): void {
  app.use('/api/runs/*', async (call, next) => {
    if (call.req.method === 'GET' || whyNoActions === null) return next();
    return refuse(call, 403, whyNoActions);
  });
  const onError = (call: Context) => refuse(call as Call, 413, 'a request is 64 KiB at most');
  app.post('/api/runs', bodyLimit({ maxSize: BODY_BYTES_MAX, onError }), async (call) => {
    if (runs === null) return refuse(call, 404, 'there is no machine here on which anything could be run');
    if (!/^application\/json\b/.test(call.req.header('content-type') ?? ''))
      return refuse(call, 400, 'a request for a run is JSON; say so with Content-Type: application/json');
    const body = await call.req.json().catch(() => undefined);
    if (body === undefined) return refuse(call, 400, 'the request is not JSON; send an object');
    const { readRunRequest } = await import('./run-request.js'); // what it reads with is large, and most only look
    return call.json(await runs.start(readRunRequest(body)), 201);
  });
  app.get('/api/runs', (call) => call.json({ runs: runs?.all() ?? [] }));
  app.get('/api/runs/:id', (call) => answerRun(call, runs, () => true));
  app.post('/api/runs/:id/go', (call) => answerRun(call, runs, (id) => runs?.go(id)));
  app.delete('/api/runs/:id', (call) => answerRun(call, runs, (id) => runs?.stop(id)));
}

function answerRun(call: Call, runs: Runs | null, act: (id: string) => unknown): Response {
  const id = call.req.param('id') ?? '';
  const facts = runs?.facts(id) ?? null;
  if (facts === null) return refuse(call, 404, 'there is no run of that number; it may be too long ago');
  act(id);
  return call.json(runs?.facts(id) ?? facts);
}

async function send(call: Call, { path, type }: PageFile): Promise<Response> {
  return call.body(new Uint8Array(await readFile(path)), 200, { 'Content-Type': type });
}

type Refused = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 500;

/** A sentence: as JSON where programs ask, as text elsewhere. */
function refuse(call: Call, status: Refused, because: string): Response {
  return call.req.path.startsWith('/api/') ? call.json({ error: because }, status) : call.text(because, status);
}
