import { jest } from '@jest/globals';
import { CHUNK_COUNTERS, CHUNK_END, CHUNK_HEADER_BYTES } from '../../../src/recording/chunk.js';

/** By a name that the compiler does not follow: what is of the browser is compiled for it alone. */
const SOCKET = '../../../src/browser/picture/socket.js';

/** As much of a browser's as is used, with the server's side in hand. */
class FakeSocket {
  static readonly all: FakeSocket[] = [];
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly address: string) {
    FakeSocket.all.push(this);
  }

  close(): void {
    this.onclose?.({ code: 1005 });
  }

  says(kind: number): void {
    const message = new Uint8Array(CHUNK_HEADER_BYTES);
    message[0] = kind;
    this.onmessage?.({ data: message.buffer });
  }
}

interface Heard {
  begins: number;
  readonly kinds: number[];
  readonly states: string[];
}

async function listen(): Promise<Heard> {
  const { PictureSocket } = await import(SOCKET);
  const heard: Heard = { begins: 0, kinds: [], states: [] };
  new PictureSocket('ws://127.0.0.1/api/picture', {
    onBegin: () => heard.begins++,
    onChunk: ({ kind }: { kind: number }) => heard.kinds.push(kind),
    onState: (state: string, sentence: string | null) => heard.states.push(sentence ?? state),
  });
  return heard;
}

const socket = () => FakeSocket.all.at(-1)!;

beforeEach(() => {
  jest.useFakeTimers();
  FakeSocket.all.length = 0;
  Object.assign(globalThis, { WebSocket: FakeSocket });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('PictureSocket', () => {
  it('connects again when a connection is lost, later and later, and begins anew', async () => {
    const heard = await listen();
    socket().onopen!();
    socket().says(CHUNK_COUNTERS);
    socket().onclose!({ code: 1006 });
    expect(heard.states).toEqual(['connecting', 'open', 'lost']);
    for (const pauseMs of [500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
      const nr = FakeSocket.all.length;
      jest.advanceTimersByTime(pauseMs - 1);
      expect(FakeSocket.all).toHaveLength(nr);
      jest.advanceTimersByTime(1);
      expect(FakeSocket.all).toHaveLength(nr + 1);
      socket().onclose!({ code: 1006 });
    }
    jest.advanceTimersByTime(8_000);
    socket().says(CHUNK_COUNTERS);
    socket().says(CHUNK_COUNTERS);
    expect(heard.begins).toBe(2);
    expect(heard.kinds).toEqual([CHUNK_COUNTERS, CHUNK_COUNTERS, CHUNK_COUNTERS]);
  });

  it('does not come back to a run that has ended', async () => {
    const heard = await listen();
    socket().says(CHUNK_END);
    socket().onclose!({ code: 1000 });
    jest.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(heard.states.at(-1)).toBe('closed');
  });

  it('says in the words of the server why there is nothing to come back for', async () => {
    const heard = await listen();
    socket().onmessage!({ data: '{"error":"There is no such run."}' });
    socket().onclose!({ code: 4000 });
    jest.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(heard.states.at(-1)).toBe('There is no such run.');
  });

  it('gives up on a server that sends what is no chunk', async () => {
    const heard = await listen();
    socket().says(99);
    jest.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(heard.kinds).toEqual([]);
    expect(heard.states.at(-1)).toMatch(/no chunk/);
  });
});
