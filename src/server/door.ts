import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The only address at which anybody is heard. */
export const LOOPBACK = '127.0.0.1';
/** Names by which a browser on this machine may call it; any other name was made to point here by somebody else. */
const NAMES = [LOOPBACK, 'localhost'] as const;
const HTTP_PORT = 80;
const TOKEN_BYTES = 32;

/** Who is not let in, and why. */
export interface Denial {
  readonly status: 401 | 403;
  /** A sentence that says what to do. */
  readonly because: string;
}

/** What a request says of itself. */
export interface Knock {
  readonly headers: IncomingHttpHeaders;
  /** `token` of its query; null if it has none. */
  readonly queryToken: string | null;
}

/**
 * Who may ask at all. Listening on the loopback address keeps other machines out; these checks keep out other users of
 * this one (the token), pages of other sites whose name was made to point here (Host), and such pages as ask across
 * sites (Origin; the cookie is SameSite=Strict besides).
 */
export class Door {
  /** Known to whoever reads the terminal, and to nobody else. */
  readonly token = randomBytes(TOKEN_BYTES).toString('base64url');
  readonly #digest = digestOf(this.token);

  constructor(readonly port: number) {}

  /** The address with which a page is opened first. */
  get url(): string {
    return `http://${LOOPBACK}:${this.port}/?token=${this.token}`;
  }

  /** Cookies are for all ports of a host: each server has its own. */
  get cookieName(): string {
    return `vacate-${this.port}`;
  }

  get cookie(): string {
    return `${this.cookieName}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Authorities that are ours, as a Host header has them. */
  get authorities(): string[] {
    const bare = this.port === HTTP_PORT ? [...NAMES] : [];
    return [...NAMES.map((name) => `${name}:${this.port}`), ...bare];
  }

  /** Null if the request was meant for us and comes from our own page, or from no page. */
  checkAddress({ host, origin }: IncomingHttpHeaders): Denial | null {
    const ours = this.authorities;
    if (host === undefined || !ours.includes(host.toLowerCase()))
      return { status: 403, because: `this server is ${LOOPBACK}:${this.port} and has no other name; open it by that` };
    if (origin === undefined || ours.some((authority) => origin.toLowerCase() === `http://${authority}`)) return null;
    return { status: 403, because: 'pages of other sites may not ask here; open the address that vacate view printed' };
  }

  /** Null if it brings the token: in its query, as a bearer, or as our cookie. */
  checkToken({ headers, queryToken }: Knock): Denial | null {
    const bearer = /^Bearer ([\w-]{1,128})$/.exec(headers.authorization ?? '')?.[1] ?? null;
    const brought = [queryToken, bearer, this.#tokenInCookies(headers.cookie ?? '')];
    // Digests are of one length, and comparing them tells nothing of where two tokens begin to differ.
    if (brought.some((token) => token !== null && timingSafeEqual(digestOf(token), this.#digest))) return null;
    return {
      status: 401,
      because: 'the token is missing or wrong; open the address that vacate view printed, as a whole',
    };
  }

  #tokenInCookies(cookies: string): string | null {
    for (const cookie of cookies.split(';')) {
      const [name, value] = cookie.trim().split('=', 2);
      if (name === this.cookieName) return value ?? null;
    }
    return null;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
