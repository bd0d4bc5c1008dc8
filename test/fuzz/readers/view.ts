import { expect } from '@jest/globals';
import { asAscii } from '../../../src/cli/ascii.js';
import { layOut } from '../../../src/picture/map-layout.js';
import { Door } from '../../../src/server/door.js';
import { readRunRequest } from '../../../src/server/run-request.js';
import { bytesOf, type Reader } from '../reader.js';

/* What comes to the server of `vacate view` over its socket, and what is seen of memory. */

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

/** By a name that the compiler does not follow: what is of the browser is compiled for it alone. */
const { parsePlace } = await import(`${'../../../src/browser'}/map/parse-place.js`);
const BLOCK = 32_768;
const layout = layOut(
  { nrPfns: 8 * BLOCK, blockPages: BLOCK, zones: [{ node: 0, kind: 'Normal', start: 0, end: 8 * BLOCK }], dimms: [] },
  1.5,
);

const places: Reader = {
  name: 'view-places',
  about: 'where somebody wants to look',
  seeds: () => ['4096', 'pfn 0x1000', 'pfn:7', '0x1000000', 'block 3', 'Block 7'].map(bytesOf),
  words: ['pfn', 'block', '0x', ' '],
  read: (input) => {
    const place = parsePlace(input.toString('utf8'), layout);
    if (place.ok) expect(place.pfn >= 0 && place.pfn < layout.nrPfns).toBe(true);
    else expect(place.error).toMatch(/\.$/);
  },
};

const spellings: Reader = {
  name: 'ascii-texts',
  about: 'whatever is printed with --ascii',
  seeds: () => ['dimm0 │█▓▒░│ 27%', '✓ done …', 'ärger 🙂', '\ud800'].map(bytesOf),
  read: (input) => {
    const text = input.toString('utf8');
    const spelled = asAscii(text);
    expect([...spelled].every((character) => character.charCodeAt(0) < 0x80)).toBe(true);
    expect(spelled.length).toBe([...text].length);
  },
};

export const viewReaders: readonly Reader[] = [runRequests, knocks, places, spellings];
