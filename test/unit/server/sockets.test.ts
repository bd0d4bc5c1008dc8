import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { Door } from '../../../src/server/door.js';
import type { Feed } from '../../../src/server/feed.js';
import { type Outbox, UNSENT_BYTES_MAX } from '../../../src/server/outbox.js';
import { Sockets } from '../../../src/server/sockets.js';

/** Others use this machine too: who answers is given time. */
const PING_MS = 500;
const TIMEOUT_MS = 300_000;
const MIB = 2 ** 20;

jest.setTimeout(TIMEOUT_MS);

let server: Server;
let sockets: Sockets;
let door: Door;
let outbox: Outbox;
const clients: WebSocket[] = [];
const feed: Feed = {
  attach: (opened) => {
    outbox = opened;
  },
};

async function listen(pingEveryMs: number): Promise<void> {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  door = new Door((server.address() as AddressInfo).port);
  sockets = new Sockets(server, { door, feedAt: (path) => (path === '/feed' ? feed : null) }, pingEveryMs);
}

beforeEach(() => listen(100 * PING_MS));
afterEach(end);

async function end(): Promise<void> {
  for (const client of clients.splice(0)) client.terminate();
  sockets.close();
  await new Promise((resolve) => server.close(resolve));
}

async function opened(options: { autoPong?: boolean } = {}): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${door.port}/feed?token=${door.token}`, options);
  clients.push(client);
  client.on('error', () => {});
  await once(client, 'open');
  return client;
}

/** Bytes that do not get smaller. */
const noise = (nrBytes: number) => new Uint8Array(randomBytes(nrBytes));

describe('an outbox', () => {
  it('sends messages whole and in order', async () => {
    const client = await opened();
    const got: number[] = [];
    client.on('message', (message: Buffer) => got.push(message.length * 1000 + message[0]!));
    for (const [length, first] of [
      [1, 7],
      [MIB, 8],
      [3, 9],
    ] as const)
      outbox.send(noise(length).fill(first, 0, 1));
    while (got.length < 3) await once(client, 'message');
    expect(got).toEqual([1007, MIB * 1000 + 8, 3009]);
  });

  it('has no room while its reader does not read, and room again when he does', async () => {
    const client = await opened();
    client.pause();
    const message = noise(MIB);
    let nrSent = 0;
    for (; outbox.hasRoom && nrSent < 64; nrSent++) {
      outbox.send(message);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(nrSent).toBeLessThan(64);
    let hasRoom = false;
    const waiting = outbox.room().then((isOpen) => {
      hasRoom = isOpen;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(hasRoom).toBe(false);
    client.resume();
    await waiting;
    expect(hasRoom).toBe(true);
  });

  it('hangs up on a reader who will never read all that, so that memory is bounded', async () => {
    const client = await opened();
    client.pause();
    const message = noise(MIB);
    for (let nr = 0; outbox.isOpen && nr < 64; nr++) {
      outbox.send(message);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(outbox.isOpen).toBe(false);
    expect(await outbox.room()).toBe(false);
    expect(UNSENT_BYTES_MAX).toBeLessThan(64 * MIB);
  });

  it('says why, once, and that it is no use to come again', async () => {
    const client = await opened();
    const said: string[] = [];
    client.on('message', (message: Buffer) => said.push(message.toString()));
    outbox.fail('it is gone');
    outbox.fail('it is gone');
    const [code] = (await once(client, 'close')) as [number];
    expect([code, said]).toEqual([4000, ['{"error":"it is gone"}']]);
  });
});

describe('sockets', () => {
  it('stay open while whoever is there answers pings', async () => {
    await end();
    await listen(PING_MS);
    const client = await opened();
    await new Promise((resolve) => setTimeout(resolve, 3 * PING_MS));
    expect([client.readyState, sockets.nrOpen]).toEqual([WebSocket.OPEN, 1]);
  });

  it('are closed when nobody answers any more', async () => {
    await end();
    await listen(PING_MS);
    const client = await opened({ autoPong: false });
    await once(client, 'close');
    expect(outbox.isOpen).toBe(false);
  });

  it('are a few dozen at most', async () => {
    for (let nr = 0; nr < 32; nr++) await opened();
    const client = new WebSocket(`ws://127.0.0.1:${door.port}/feed?token=${door.token}`);
    clients.push(client);
    client.on('error', () => {});
    const [, response] = await once(client, 'unexpected-response');
    expect(response.statusCode).toBe(503);
  });

  it('take no long messages', async () => {
    const client = await opened();
    client.send(noise(4096));
    const [code] = (await once(client, 'close')) as [number];
    expect([1009, 1006]).toContain(code);
  });
});
