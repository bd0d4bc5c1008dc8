import { type IncomingMessage, Agent as PlainAgent, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { VacateError } from '../base/vacate-error.js';

/** How patient one is with servers. */
export interface Patience {
  /** A server that says nothing for so many milliseconds is given up, for this time. */
  readonly silenceMs: number;
  /** What may pass is asked so often in all. */
  readonly attempts: number;
  /** Before the second attempt one waits so many milliseconds, before each further one twice as long. */
  readonly backoffMs: number;
}

export const PATIENCE: Patience = { silenceMs: 15_000, attempts: 5, backoffMs: 250 };

const REDIRECTS_MAX = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Connections are kept, as a capture is a dozen files: opening one costs more than asking for most of them. */
const AGENTS = { plain: new PlainAgent({ keepAlive: true }), secure: new SecureAgent({ keepAlive: true }) };

export interface Question {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
}

/** What was asked once; as it lies there, which fetch would not give: it unpacks whatever the server calls packed. */
export async function answerTo(url: string, question: Question, patience: Patience): Promise<IncomingMessage> {
  let at = url;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    const answer = await ask(at, question, patience);
    if (!REDIRECTS.has(answer.statusCode ?? 0)) return answer;
    if (question.method === 'HEAD') answer.resume();
    else answer.destroy();
    at = placeNamed(answer.headers.location, at);
  }
  throw unusable('is sent on and on by its server');
}

/** What is the matter with a file elsewhere, to be said after its address; it would be the same the next time. */
export function unusable(because: string): VacateError {
  return new VacateError('capture', because);
}

function placeNamed(location: string | undefined, from: string): string {
  const to = location !== undefined && URL.canParse(location, from) ? new URL(location, from) : null;
  if (to === null || !['http:', 'https:'].includes(to.protocol)) throw unusable('is sent by its server to no address');
  if (from.startsWith('https:') && to.protocol === 'http:')
    throw unusable('is sent by its server from https to http, which nobody may trust');
  return to.href;
}

function ask(url: string, { method, headers = {} }: Question, { silenceMs }: Patience): Promise<IncomingMessage> {
  const isSecure = url.startsWith('https:');
  const options: RequestOptions = {
    ...{ method, timeout: silenceMs, agent: isSecure ? AGENTS.secure : AGENTS.plain },
    headers: { 'Accept-Encoding': 'identity', 'User-Agent': 'vacate', ...headers },
  };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? requestSecure : requestPlain)(url, options, (answer) => {
      clearTimeout(late);
      resolve(answer);
    });
    const giveUp = () => request.destroy(Object.assign(new Error('nothing was heard'), { code: 'ETIMEDOUT' }));
    // Of names that nobody resolves no socket would tell.
    const late = setTimeout(giveUp, silenceMs);
    // Pieces of the answer are waited for as well.
    request.on('timeout', giveUp);
    request.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    request.end();
  });
}
