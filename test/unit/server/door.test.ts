import { describe, expect, it } from '@jest/globals';
import { Door } from '../../../src/server/door.js';

const door = new Door(8080);
const status = (denial: { status: number } | null) => denial?.status ?? null;

describe('an address', () => {
  it.each(['127.0.0.1:8080', 'localhost:8080', 'LOCALHOST:8080'])('is ours: %s', (host) => {
    expect(door.checkAddress({ host })).toBeNull();
  });

  it.each([
    undefined,
    '',
    '127.0.0.1',
    '127.0.0.1:80',
    'example.org:8080',
    '127.0.0.1:8080.example.org',
    '127.0.0.1:8080, localhost:8080',
    '0.0.0.0:8080',
    '[::1]:8080',
  ])('is not ours: %s', (host) => {
    expect(status(door.checkAddress(host === undefined ? {} : { host }))).toBe(403);
  });

  it('has no port where that is the one that browsers leave out', () => {
    expect(new Door(80).checkAddress({ host: '127.0.0.1' })).toBeNull();
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:8080'])('may be asked by our page: %s', (origin) => {
    expect(door.checkAddress({ host: 'localhost:8080', origin })).toBeNull();
  });

  it.each(['null', 'https://127.0.0.1:8080', 'http://127.0.0.1:8081', 'http://evil.example', 'file://'])(
    'may not be asked by a page of %s',
    (origin) => {
      expect(status(door.checkAddress({ host: 'localhost:8080', origin }))).toBe(403);
    },
  );
});

describe('a token', () => {
  const { token } = door;
  it('is long, and another for each server', () => {
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(new Door(8080).token).not.toBe(token);
  });

  it.each([
    ['in the query', { headers: {}, queryToken: token }],
    ['as a bearer', { headers: { authorization: `Bearer ${token}` }, queryToken: null }],
    ['as our cookie', { headers: { cookie: `a=b; vacate-8080=${token}; c=d` }, queryToken: null }],
    ['as our cookie beside a wrong query', { headers: { cookie: `vacate-8080=${token}` }, queryToken: 'wrong' }],
  ])('is taken %s', (_where, knock) => {
    expect(door.checkToken(knock)).toBeNull();
  });

  it.each([
    ['none', { headers: {}, queryToken: null }],
    ['an empty one', { headers: { cookie: 'vacate-8080=', authorization: 'Bearer ' }, queryToken: '' }],
    ['one that is cut off', { headers: {}, queryToken: token.slice(0, -1) }],
    ['one that goes on', { headers: { authorization: `Bearer ${token}x` }, queryToken: null }],
    ['the cookie of another port', { headers: { cookie: `vacate-8081=${token}` }, queryToken: null }],
    ['another scheme', { headers: { authorization: `Basic ${token}` }, queryToken: null }],
  ])('is missed if there is %s', (_what, knock) => {
    expect(status(door.checkToken(knock))).toBe(401);
  });

  it('is in the address and in the cookie, which no script reads and no other site sends', () => {
    expect(door.url).toBe(`http://127.0.0.1:8080/?token=${token}`);
    expect(door.cookie).toBe(`vacate-8080=${token}; HttpOnly; SameSite=Strict; Path=/`);
  });
});
