import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { vacate } from '../run-cli.js';
import { refusalOf, Viewing } from './viewing.js';

const MACHINE = 'examples/scenarios/two-dimms.yaml';
const TIMEOUT_MS = 300_000;

let view: Viewing;
beforeAll(async () => {
  view = await Viewing.of([MACHINE]);
}, TIMEOUT_MS);
afterAll(() => Viewing.endAll());

describe('the token', () => {
  it('opens the page, which is given a cookie for later', async () => {
    const answer = await fetch(view.url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const cookie = answer.headers.get('set-cookie') as string;
    expect(cookie).toBe(`vacate-${view.port}=${view.token}; HttpOnly; SameSite=Strict; Path=/`);
    const again = await fetch(`${view.origin}/api/session`, { headers: { cookie: cookie.split(';')[0]! } });
    expect(again.status).toBe(200);
  });

  it.each(['/', '/api/session', '/api/pages/1', '/api/runs', '/index.html', '/nothing'])(
    'is needed for %s',
    async (path) => {
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { cookie: `vacate-${view.port}=wrong` }]) {
        const answer = await fetch(`${view.origin}${path}`, { headers });
        expect(answer.status).toBe(401);
        expect(await answer.text()).toContain('the token is missing or wrong');
      }
    },
  );

  it('is not needed for the files of the page, which are the same for everybody', async () => {
    const page = await (await fetch(view.url)).text();
    const [path] = /\/?assets\/[\w.-]+\.js/.exec(page) as unknown as [string];
    const answer = await fetch(`${view.origin}/${path.replace(/^\//, '')}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it('is needed for sockets', async () => {
    const address = `ws://127.0.0.1:${view.port}/api/picture`;
    expect(await refusalOf(new WebSocket(address))).toBe(401);
    expect(await refusalOf(new WebSocket(`${address}?token=${view.token.slice(1)}`))).toBe(401);
  });

  it('is another each time, and in no argument of any process', () => {
    const command = readFileSync(`/proc/${view.child.pid}/cmdline`, 'latin1');
    expect(command).not.toContain(view.token);
  });
});

describe('a foreign name or page', () => {
  it.each(['evil.example', `evil.example:1`, '127.0.0.1', 'localhost', '[::1]:80', ''])(
    'is refused as a Host: %s',
    async (host) => {
      const answer = await view.rawGet('/api/session', { Host: host });
      expect(answer).toMatch(/^HTTP\/1\.1 (403|400) /);
      expect(answer).not.toContain('two-dimms');
    },
  );

  it('is told by one sentence', async () => {
    const answer = await view.rawGet('/api/session', { Host: 'evil.example' });
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('has no other name');
  });

  it.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://127.0.0.1:1'])(
    'is refused as an Origin: %s',
    async (origin) => {
      const answer = await view.rawGet('/api/session', { Origin: origin });
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      const address = `ws://127.0.0.1:${view.port}/api/picture?token=${view.token}`;
      expect(await refusalOf(new WebSocket(address, { origin }))).toBe(403);
    },
  );

  it('is ours if it is us', async () => {
    expect(await view.rawGet('/api/session', { Origin: view.origin })).toMatch(/^HTTP\/1\.1 200 /);
    expect(await view.rawGet('/api/session', { Host: `localhost:${view.port}` })).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('cannot have a socket by another Host', async () => {
    const address = `ws://127.0.0.1:${view.port}/api/picture?token=${view.token}`;
    expect(await refusalOf(new WebSocket(address, { headers: { host: `evil.example:${view.port}` } }))).toBe(403);
  });
});

describe('paths', () => {
  it.each([
    '/../package.json',
    '/assets/../../package.json',
    '/%2e%2e/package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/assets/..\\..\\package.json',
    '//etc/passwd',
    '/assets//etc/passwd',
    '/assets/',
    '/assets',
    '/index.html',
    '/api/pages/../../package.json',
    '/assets/%00',
    '/api/runs/__proto__',
  ])('lead nowhere else: %s', async (path) => {
    const answer = await view.rawGet(path);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
    expect(answer).not.toContain('"name"');
    expect(answer).not.toContain('root:');
  });
});

describe('every answer', () => {
  it.each(['/', '/api/session', '/nothing'])('says what a browser may do with it: %s', async (path) => {
    const { headers } = await view.ask(path);
    const policy = headers.get('content-security-policy') as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https:/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  it('that is refused says so too', async () => {
    const answer = await fetch(`${view.origin}/api/session`);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('a server that only shows', () => {
  it('refuses actions by a sentence that says how they are allowed', async () => {
    const answer = await view.post('/api/runs', { frontEnd: 'offline', dimm: 'dimm1' });
    expect(answer.status).toBe(403);
    expect(answer.json.error).toContain('--allow-actions');
    expect((await view.ask('/api/runs/1', { method: 'DELETE' })).status).toBe(403);
    expect((await view.post('/api/runs/1/go', {})).status).toBe(403);
    expect((await view.ask('/api/session')).json).toMatchObject({ allowActions: false });
    expect((await view.ask('/api/runs')).json).toEqual({ runs: [] });
  });

  it.each(['PUT', 'PATCH', 'OPTIONS', 'DELETE', 'POST'])('knows no %s', async (method) => {
    expect((await view.ask('/api/session', { method })).status).toBe(405);
  });

  it('takes no more than 64 KiB', async () => {
    const acting = await Viewing.of([MACHINE, '--allow-actions']);
    const answer = await acting.post('/api/runs', { frontEnd: 'offline', blocks: '1'.repeat(70_000) });
    expect(answer.status).toBe(413);
    await acting.end();
  });
});

/** Local addresses of listening sockets of a port, as the kernel writes them. */
function listeners(port: number): string[] {
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'latin1')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && Number.parseInt(local!.split(':')[1]!, 16) === port)
      .map(([, local]) => local!.split(':')[0]!),
  );
}

it('listens at 127.0.0.1 and nowhere else', () => {
  expect(listeners(view.port)).toEqual(['0100007F']);
});

describe('the process', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 130 on %s, and its sockets with it',
    async (signal) => {
      const ending = await Viewing.of([MACHINE]);
      const watcher = ending.watch('/api/picture');
      await watcher.picture();
      ending.child.kill(signal);
      await watcher.closed;
      expect(await ending.end()).toBe(130);
      expect(listeners(ending.port)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'says that a port is taken, and what to do',
    async () => {
      const ended = await vacate(['view', MACHINE, '--port', String(view.port)]);
      expect(ended.stderr).toBe(
        `vacate: port ${view.port} is taken by another program; name another, or leave out --port for any that is free\n`,
      );
      expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
    },
    TIMEOUT_MS,
  );

  it.each([
    [['no-such.yaml'], 'there is no file or directory "no-such.yaml"'],
    [[MACHINE, '--port', '65536'], '--port cannot be "65536"'],
    [[MACHINE, '--root', '/'], '--root is for the machine "live"'],
    [['package.json'], '"package.json" is neither a scenario nor a capture'],
  ])(
    'ends with 2 and a sentence: %j',
    async (args, says) => {
      const ended = await vacate(['view', ...args]);
      expect(ended.stderr).toContain(says);
      expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
    },
    TIMEOUT_MS,
  );
});
