import { expect } from '@jest/globals';
import { parseCaptureList } from '../../../src/remote/capture-list.js';
import { isUrl, parseCaptureUrl } from '../../../src/remote/capture-url.js';
import { parseContentRange } from '../../../src/remote/remote-file.js';
import { bytesOf, type Reader } from '../reader.js';

/* Addresses of captures, lists of them, and what servers answer. */

const WHERE = 'https://captures.example/today/list.txt';

const address: Reader = {
  name: 'capture-url',
  about: 'the address of a capture',
  seeds: () =>
    ['http://host/captures/host7', 'https://captures.example:8443/a%20b/', 'http://[::1]/', 'HTTP://h'].map(bytesOf),
  words: ['http://', 'https://', '@', ':', '/', '?', '#', '%2F', '..', '[', ']'],
  read: (input) => {
    const url = parseCaptureUrl(input.toString('utf8'));
    expect(parseCaptureUrl(url)).toBe(url);
    expect(url).toMatch(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/);
    return url;
  },
};

const list: Reader = {
  name: 'capture-list',
  about: '--list',
  seeds: () => ['# today\nhost7\n../yesterday/host8/\n\nhttp://other.example/host9\n', 'a b\r\nc'].map(bytesOf),
  words: ['\n', '#', '//', 'http://', '../', ' '],
  read: (input) => {
    const text = input.toString('utf8');
    for (const name of parseCaptureList(text, 'list.txt')) expect(name).toBe(name.trim());
    // What an address lists is never a file of ours: those that are no web address are looked for, and not found.
    for (const name of parseCaptureList(text, WHERE)) expect(isUrl(name) || /^[a-z][a-z\d+.-]*:/.test(name)).toBe(true);
  },
};

const contentRange: Reader = {
  name: 'content-range',
  about: 'which part a server says it sends',
  seeds: () => ['bytes 0-99/4096', 'bytes 5-5/*'].map(bytesOf),
  words: ['bytes', '-', '/', '*', '999999999999999999'],
  read: (input) => {
    const found = parseContentRange(input.toString('utf8'));
    if (found !== null) expect(Number.isSafeInteger(found.start) && found.start >= 0).toBe(true);
  },
};

export const remoteReaders: readonly Reader[] = [address, list, contentRange];
