import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { AgentLink } from './agent-link.js';

/** Emulated, a boot takes 5 to 10 s on a machine that has nothing else to do. */
const BOOT_MS_MAX = 180_000;

/** How much of the console an error shows. */
const CONSOLE_TAIL_LINES = 60;

/** Signals of a program's own faults; nobody sends them. */
const FAULTS: readonly (NodeJS.Signals | null)[] = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT'];

/** QEMU itself has crashed, whatever the guest was at: its threads of emulated processors now and then do. */
export class EmulatorCrash extends Error {
  override readonly name = 'EmulatorCrash';
}

/** A QEMU process with an agent behind a serial port, and the folder that goes with it. */
export class QemuMachine {
  /** For its disks and its console; gone with it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'vacate-guest-'));
  private child: ChildProcessByStdio<Writable, Readable, Readable> | null = null;
  private exited: Promise<void> = Promise.resolve();
  private stderr = '';
  /** What is left to do when this process exits before it has closed the guest; the kernel then ends QEMU. */
  private readonly sweep = () => rmSync(this.folder, { recursive: true, force: true });

  constructor() {
    process.on('exit', this.sweep);
  }

  /**
   * Starts it, and waits for the agent's first word.
   *
   * @throws {Error} with the end of its console if that does not come; an EmulatorCrash if that is QEMU's own fault
   */
  boot(qemuArguments: readonly string[]): Promise<AgentLink> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(this.problem(`the guest has not come up after ${BOOT_MS_MAX / 1000} s`))),
        BOOT_MS_MAX,
      );
      const child = this.start(qemuArguments);
      const link = new AgentLink(child.stdin, child.stdout, () => {
        clearTimeout(late);
        resolve(link);
      });
      this.exited = new Promise((done) => {
        child.on('error', (error) => reject(new Error(`QEMU cannot be run here: ${error.message}`)));
        child.on('close', (code, signal) => {
          clearTimeout(late);
          const ended = this.problem(`the guest has ended (QEMU: ${code ?? signal})`);
          const why = FAULTS.includes(signal) ? new EmulatorCrash(ended) : new Error(ended);
          link.breakOff(why);
          reject(why);
          done();
        });
      });
    });
  }

  private start(qemuArguments: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable> {
    const qemu = [
      ...['qemu-system-x86_64', '-nodefaults', '-no-reboot', '-display', 'none', '-accel', 'tcg,thread=multi'],
      ...['-cpu', 'qemu64,+rdrand', '-chardev', `file,id=console,path=${this.consolePath()}`],
      ...['-serial', 'chardev:console', '-device', 'virtio-serial-pci', '-chardev', 'stdio,id=agent,signal=off'],
      ...['-device', 'virtserialport,chardev=agent,name=vacate.agent', ...qemuArguments],
    ];
    // Its parent may be killed without a chance to end it: then the kernel does.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...qemu], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: process.env, // Jest's own copy, which a test can set
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.child = child;
    return child;
  }

  /** Ends it as if its power went. Safe to call twice. */
  async stop(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
    process.off('exit', this.sweep);
    this.sweep();
  }

  /** All that was said on its serial console. */
  console(): string {
    return existsSync(this.consolePath()) ? readFileSync(this.consolePath(), 'utf8') : '';
  }

  private consolePath(): string {
    return join(this.folder, 'console.log');
  }

  private problem(what: string): string {
    const tail = this.console().trimEnd().split(/\r?\n/).slice(-CONSOLE_TAIL_LINES).join('\n');
    return `${what}\n${this.stderr.trim()}\nThe end of its console:\n${tail}`;
  }
}
