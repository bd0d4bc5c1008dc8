import { expect } from '@jest/globals';
import { parseGroup } from '../../../src/cli/compare/compare-queued.js';
import { readBundle } from '../../../src/queue/bundle.js';
import { parseRedisUrl, shownAddress } from '../../../src/queue/redis-url.js';
import { parseAnnouncement } from '../../../src/queue/worker-book.js';
import { type Job, jobId } from '../../../src/workers/job.js';
import { bytesOf, type Reader } from '../reader.js';

/* Addresses of a Redis, and what others have put into it. */

const address: Reader = {
  name: 'redis-url',
  about: '--redis',
  seeds: () =>
    [
      'redis://localhost',
      'redis://:secret@10.0.0.7:6380/3',
      'rediss://me:p%40ss@queue.example:6379/0',
      'redis://[::1]:80/',
    ].map(bytesOf),
  words: ['redis://', 'rediss://', '@', ':', '/', '%25', '[', ']'],
  read: (input) => {
    const { port, database, host } = parseRedisUrl(input.toString('utf8'));
    expect(port).toBeGreaterThan(0);
    expect(port).toBeLessThan(65_536);
    expect(database).toBeLessThan(1024);
    expect(shownAddress({ ...parseRedisUrl('redis://a'), host, port })).toMatch(/^[^\p{C}]+:\d+$/u);
  },
};

const JOB: Job = {
  machine: { kind: 'capture', name: 'host7', where: 'captures/host7', fingerprint: 'ab' },
  command: 'fleet-forecast',
  options: { need: 1, plugins: [] },
  seed: null,
  vacate: '0.1.0',
};

const bundles: Reader = {
  name: 'queue-bundle',
  about: 'a message of the queue',
  seeds: () => [bytesOf(JSON.stringify({ run: '0'.repeat(32), from: '/home/me', jobs: [JOB] }))],
  words: ['"run"', '"from"', '"jobs"', '"machine"', '"options"', '[[', '{"a":'],
  read: (input) => {
    const bundle = readBundle(jsonOf(input));
    for (const job of bundle?.jobs ?? []) expect(jobId(job)).toMatch(/^[\da-f]{32}$/);
  },
};

const announcements: Reader = {
  name: 'queue-worker',
  about: 'what a worker says of itself',
  seeds: () => [bytesOf('{"version":"0.1.0","host":"host7","pid":4711,"jobs":2}')],
  read: (input) => {
    const said = parseAnnouncement(input.toString('utf8'));
    if (said !== null) expect(said.version).toMatch(/^[\w.+-]+$/);
  },
};

const groups: Reader = {
  name: 'queue-group',
  about: 'what a worker has made of a group of cells',
  seeds: () =>
    [
      { ended: 'error', because: 'it broke' },
      { ended: 'does-not-apply', because: null },
    ].map((end) => {
      const cell = { machine: 'small', job: 'order 9, all', strategy: 'merged', seed: 7, ...end };
      return bytesOf(JSON.stringify({ id: 'a', cells: [{ ...cell, metrics: null, refusals: [], stateHash: null }] }));
    }),
  read: (input) => {
    const group = parseGroup(input.toString('utf8'));
    for (const cell of group?.cells ?? []) expect(typeof cell.strategy).toBe('string');
  },
};

function jsonOf(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    return null;
  }
}

export const queueReaders: readonly Reader[] = [address, bundles, announcements, groups];
