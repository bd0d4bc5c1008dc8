import { constants } from 'node:os';
import type { AgentLink, GuestResult } from './agent-link.js';

/** A command that runs in a guest. */
export class GuestCommand {
  /** Rejected only if the guest itself is gone. */
  readonly ended: Promise<GuestResult>;
  private readonly id: number;
  private readonly out: Buffer[] = [];
  private readonly err: Buffer[] = [];
  private readonly waiting = new Set<() => void>();
  private over = false;

  constructor(
    private readonly link: AgentLink,
    shellCommand: string,
  ) {
    let settle: (result: GuestResult) => void = () => {};
    let fail: (why: Error) => void = () => {};
    this.ended = new Promise<GuestResult>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    this.ended.catch(() => {}); // nobody may be waiting for it
    this.id = link.start(shellCommand, {
      stdout: (bytes) => this.heard(this.out, bytes),
      stderr: (bytes) => this.heard(this.err, bytes),
      exit: (exitCode) => {
        this.over = true;
        settle({ stdout: this.stdout, stderr: this.stderr, exitCode });
        this.wake();
      },
      lost: (why) => {
        this.over = true;
        fail(why);
        this.wake();
      },
    });
  }

  /** What it has printed so far. */
  get stdout(): string {
    return this.stdoutBytes.toString('utf8');
  }

  get stderr(): string {
    return Buffer.concat(this.err).toString('utf8');
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.out);
  }

  /** Sends a signal to all its processes. */
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGUSR1' | 'SIGUSR2' | 'SIGSTOP' | 'SIGCONT'): void {
    this.link.signal(this.id, constants.signals[name]);
  }

  /** Waits until it has printed this (on either stream). Throws if it ends first, or does not in time. */
  async said(text: string | RegExp, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const has = () => {
      const all = `${this.stdout}${this.stderr}`;
      return typeof text === 'string' ? all.includes(text) : text.test(all);
    };
    while (!has()) {
      if (this.over || Date.now() >= deadline)
        throw new Error(`it ${this.over ? 'ended' : 'waited'} without saying ${text}: ${this.stdout}${this.stderr}`);
      await this.nextWord(deadline - Date.now());
    }
  }

  private nextWord(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const waiting = this.waiting;
      function done() {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
    });
  }

  private heard(into: Buffer[], bytes: Buffer): void {
    into.push(Buffer.from(bytes)); // the link reuses what it reads into
    this.wake();
  }

  private wake(): void {
    for (const done of [...this.waiting]) done();
  }
}
