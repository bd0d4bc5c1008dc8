import type { Readable, Writable } from 'node:stream';

/** A command that has ended. */
export interface GuestResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + N if signal N ended it. */
  readonly exitCode: number;
}

/** What agent.c sends and takes; the numbers are the same there. */
const RUN = 1;
const SIGNAL = 2;
const READY = 3;
const OUT = 4;
const ERR = 5;
const EXIT = 6;

const HEADER_BYTES = 12;
const PAYLOAD_BYTES_MAX = 64 << 10;

/** Whoever listens to one command. */
export interface CommandEars {
  readonly stdout: (bytes: Buffer) => void;
  readonly stderr: (bytes: Buffer) => void;
  readonly exit: (code: number) => void;
  /** The guest is gone, and the command with it. */
  readonly lost: (why: Error) => void;
}

/** The talk with the agent in a guest, in frames over one pair of streams. */
export class AgentLink {
  private readonly listening = new Map<number, CommandEars>();
  private pending: Buffer = Buffer.alloc(0);
  private lastId = 0;
  private broken: Error | null = null;

  /** `ready` is called once, when the agent says its first word. */
  constructor(
    private readonly toGuest: Writable,
    fromGuest: Readable,
    private readonly ready: () => void,
  ) {
    fromGuest.on('data', (bytes: Buffer) => this.take(bytes));
    toGuest.on('error', () => {}); // QEMU has ended: its exit says so, once
  }

  /** Starts a command by the guest's shell; its number is for `signal`. */
  start(shellCommand: string, ears: CommandEars): number {
    if (this.broken !== null) throw this.broken;
    if (Buffer.byteLength(shellCommand) > PAYLOAD_BYTES_MAX) throw new Error('that command is too long for the agent');
    const id = ++this.lastId;
    this.listening.set(id, ears);
    this.send(id, RUN, Buffer.from(shellCommand));
    return id;
  }

  /** Sends a signal to all processes of a command that has not ended. */
  signal(id: number, number: number): void {
    const payload = Buffer.alloc(4);
    payload.writeInt32LE(number);
    this.send(id, SIGNAL, payload);
  }

  /** Nothing will come any more. */
  breakOff(why: Error): void {
    this.broken ??= why;
    for (const ears of this.listening.values()) ears.lost(this.broken);
    this.listening.clear();
  }

  private send(id: number, type: number, payload: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(id, 0);
    header.writeUInt32LE(type, 4);
    header.writeUInt32LE(payload.length, 8);
    this.toGuest.write(Buffer.concat([header, payload]));
  }

  private take(bytes: Buffer): void {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    let at = 0;
    while (this.pending.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + this.pending.readUInt32LE(at + 8);
      if (this.pending.length < end) break;
      const id = this.pending.readUInt32LE(at);
      this.deliver(id, this.pending.readUInt32LE(at + 4), this.pending.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.pending = this.pending.subarray(at);
  }

  private deliver(id: number, type: number, payload: Buffer): void {
    if (type === READY) this.ready();
    const ears = this.listening.get(id);
    if (ears === undefined) return;
    if (type === OUT) ears.stdout(payload);
    if (type === ERR) ears.stderr(payload);
    if (type !== EXIT) return;
    this.listening.delete(id);
    ears.exit(payload.readInt32LE(0));
  }
}
