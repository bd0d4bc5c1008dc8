import { describe, expect, it } from '@jest/globals';
import { Outbox } from '../../../src/server/outbox.js';

/** A socket whose messages leave when the test says so. */
function heldSocket() {
  const isDeflated: boolean[] = [];
  const leaving: (() => void)[] = [];
  const socket = {
    ...{ readyState: 1, OPEN: 1, bufferedAmount: 0 },
    ...{ on: () => socket, close: () => {}, terminate: () => {} },
    send(_message: unknown, { compress }: { compress: boolean }, left: () => void) {
      isDeflated.push(compress);
      leaving.push(left);
    },
  };
  return { socket: socket as never, isDeflated, leave: () => leaving.shift()!() };
}

describe('an outbox', () => {
  it.each([
    ['as they are while they leave at once', 10, false],
    ['deflated from when one took long to leave', 400, true],
  ])('sends messages %s', (_what, ms, isDeflatedThen) => {
    let now = 0;
    const { socket, isDeflated, leave } = heldSocket();
    const outbox = new Outbox(socket, () => now);
    outbox.send(new Uint8Array(1));
    now += ms;
    leave();
    outbox.send(new Uint8Array(1));
    leave();
    outbox.send(new Uint8Array(1));
    expect(isDeflated).toEqual([false, isDeflatedThen, isDeflatedThen]);
  });
});
