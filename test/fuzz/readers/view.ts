import { expect } from '@jest/globals';
import { Door } from '../../../src/server/door.js';
import { readRunRequest } from '../../../src/server/run-request.js';
import { bytesOf, type Reader } from '../reader.js';

/* What comes to the server of `vacate view` over its socket. */

const runRequests: Reader = {
  name: 'view-run-requests',
  about: 'what a page asks to be run',
  seeds: () =>
    [
      { frontEnd: 'offline', blocks: '32-35,40', strategy: 'merged', hold: true },
      { frontEnd: 'offline', dimm: 'dimm1' },
      { frontEnd: 'high-order', order: 9, count: 64 },
      { frontEnd: 'high-order', order: 10, count: 'all', strategy: 'compaction' },
    ].map((request) => bytesOf(JSON.stringify(request))),
  parse: JSON.parse,
  read: (input) => {
    let body: unknown;
    try {
      body = JSON.parse(input.toString('utf8'));
    } catch {
      return;
    }
    const request = readRunRequest(body);
    expect(['offline', 'high-order']).toContain(request.frontEnd);
    if (request.frontEnd === 'high-order') expect(Number.isSafeInteger(request.order)).toBe(true);
  },
};

const door = new Door(8080);

const knocks: Reader = {
  name: 'view-headers',
  about: 'Host, Origin, cookies and bearers: nobody gets in by chance',
  seeds: () =>
    [
      '127.0.0.1:8080',
      'localhost:8080',
      'http://127.0.0.1:8080',
      'Bearer abcDEF_-123',
      'vacate-8080=abc; other=1',
      'vacate-8080=',
      'null',
    ].map(bytesOf),
  words: ['Bearer ', 'vacate-8080=', ';', ':8080', 'http://'],
  read: (input) => {
    const text = input.toString('utf8');
    const denied = door.checkToken({ headers: { authorization: text, cookie: text }, queryToken: text });
    expect(denied?.status).toBe(401);
    const isOurs = ['127.0.0.1:8080', 'localhost:8080'].includes(text.toLowerCase());
    expect(door.checkAddress({ host: text })?.status).toBe(isOurs ? undefined : 403);
    const isOurPage = ['http://127.0.0.1:8080', 'http://localhost:8080'].includes(text.toLowerCase());
    expect(door.checkAddress({ host: '127.0.0.1:8080', origin: text })?.status).toBe(isOurPage ? undefined : 403);
  },
};

export const viewReaders: readonly Reader[] = [runRequests, knocks];
