import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { AgentLink, type GuestResult } from './agent-link.js';
import { GuestCommand } from './guest-command.js';
import { makeDataDisk, makeInitramfs, makeToolsDisk, makeVacateDisk } from './images.js';
import { findKernel, type KernelSeries } from './kernel.js';
import { command } from './places.js';

export interface GuestOptions {
  readonly kernel: KernelSeries;
  /** How the kernel brings the hot-plugged DIMMs online: `memhp_default_state`. */
  readonly policy: 'online_movable' | 'online_kernel';
  /** 2 unless told otherwise. */
  readonly cpus?: number;
  /** Parameters for the kernel beside ours. */
  readonly kernelParameters?: readonly string[];
}

/** Boot memory and DIMMs of a guest, as those of the recorded captures. */
export const GUEST_MEMORY = { bootMiB: 768, dimms: 2, dimmMiB: 512 } as const;

const DATA_DISK_BYTES = 768 << 20;

/** Emulated, a boot takes 5 to 10 s on a machine that has nothing else to do. */
const BOOT_MS_MAX = 90_000;

/** How much of the console an error shows. */
const CONSOLE_TAIL_LINES = 60;

const DEFAULT_TIMEOUT_MS = 60_000;

export type GuestSignal = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGUSR1' | 'SIGUSR2' | 'SIGSTOP' | 'SIGCONT';

/** A Linux in QEMU. Whoever boots it closes it. */
export class Guest {
  /** As `uname -r` has it. */
  readonly release: string;

  constructor(
    release: string,
    private readonly link: AgentLink,
    private readonly machine: Machine,
  ) {
    this.release = release;
  }

  /** Runs a command by the guest's shell to its end. After `timeoutMs` its processes are killed, and this throws. */
  async run(shellCommand: string, options: { readonly timeoutMs?: number } = {}): Promise<GuestResult> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const running = this.spawn(shellCommand);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        running.signal('SIGKILL');
        const soFar = `${running.stdout}${running.stderr}`.slice(-2000);
        reject(new Error(`in the guest, "${shellCommand}" has not ended after ${timeoutMs} ms; it said: ${soFar}`));
      }, timeoutMs);
    });
    try {
      return await Promise.race([running.ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `run`, but what fails throws, and only standard output is of interest. */
  async must(shellCommand: string, options: { readonly timeoutMs?: number } = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(shellCommand, options);
    if (exitCode === 0) return stdout;
    throw new Error(`in the guest, "${shellCommand}" ended with ${exitCode}: ${(stderr || stdout).trim()}`);
  }

  /** Starts a command by the guest's shell and goes on. */
  spawn(shellCommand: string): GuestCommand {
    return new GuestCommand(this.link, shellCommand);
  }

  /** What a command prints, byte by byte; throws if it fails. */
  async bytes(shellCommand: string): Promise<Buffer> {
    const running = this.spawn(shellCommand);
    const { exitCode, stderr } = await running.ended;
    if (exitCode !== 0) throw new Error(`in the guest, "${shellCommand}" ended with ${exitCode}: ${stderr.trim()}`);
    return running.stdoutBytes;
  }

  /** Sends a signal to a process of the guest, by its pid there. */
  async kill(pid: number, signal: GuestSignal): Promise<void> {
    await this.must(`kill -${constants.signals[signal]} ${pid}`);
  }

  /** Copies a folder of the guest's into a folder of this machine, which exists. */
  async copyOut(guestFolder: string, hostFolder: string): Promise<void> {
    const archive = join(this.machine.folder, 'copy-out.tar');
    writeFileSync(archive, await this.bytes(`tar -C '${guestFolder}' -c .`));
    command('tar', ['-C', hostFolder, '--no-same-owner', '-xf', archive]);
    rmSync(archive);
  }

  /** All that the kernel and the guest's first program have said on the console. */
  console(): string {
    return this.machine.console();
  }

  /** Ends the guest as if its power went. Safe to call twice. */
  async close(): Promise<void> {
    await this.machine.stop();
  }
}

/**
 * Boots a Linux with two hot-plugged DIMMs, our build (`vacate`), node, busybox, the workload (`workload`) and an empty
 * ext4 on /data. It ends with this process, however that ends.
 *
 * @throws {Error} with the end of its console if it does not come up
 */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  const kernel = findKernel(options.kernel);
  const initramfs = makeInitramfs(kernel);
  const folder = mkdtempSync(join(tmpdir(), 'vacate-guest-'));
  const machine = new Machine(folder, () => {
    makeVacateDisk(join(folder, 'vacate.img'));
    makeDataDisk(join(folder, 'data.img'), DATA_DISK_BYTES);
    const parameters = [
      'console=ttyS0',
      'panic=-1',
      'random.trust_cpu=on',
      'mitigations=off',
      `memhp_default_state=${options.policy}`,
    ];
    return [
      ...['-kernel', kernel.vmlinuz, '-initrd', initramfs],
      ...['-append', [...parameters, ...(options.kernelParameters ?? [])].join(' ')],
      ...['-smp', `${options.cpus ?? 2}`],
      ...memoryArguments(),
      ...diskArguments('tools', makeToolsDisk(), true),
      ...diskArguments('vacate', join(folder, 'vacate.img'), true),
      ...diskArguments('data', join(folder, 'data.img'), false),
    ];
  });
  try {
    const link = await machine.boot();
    return new Guest(kernel.release, link, machine);
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

function memoryArguments(): string[] {
  const { bootMiB, dimms, dimmMiB } = GUEST_MEMORY;
  const slots = Array.from({ length: dimms }, (_, index) => [
    ...['-object', `memory-backend-ram,id=ram${index},size=${dimmMiB}M`],
    ...['-device', `pc-dimm,id=dimm${index},memdev=ram${index}`],
  ]);
  return ['-m', `${bootMiB}M,slots=4,maxmem=8G`, ...slots.flat()];
}

/** `readonly` disks may be another guest's at the same time; what is written to the other goes with its folder. */
function diskArguments(serial: string, file: string, readonly: boolean): string[] {
  const drive = `id=${serial},if=none,format=raw,file=${file},${readonly ? 'readonly=on' : 'cache=unsafe'}`;
  return ['-drive', drive, '-device', `virtio-blk-pci,drive=${serial},serial=${serial}`];
}

/** The QEMU process, and the folder that goes with it. */
class Machine {
  private child: ChildProcessByStdio<Writable, Readable, Readable> | null = null;
  private exited: Promise<void> = Promise.resolve();
  private stderr = '';

  constructor(
    readonly folder: string,
    private readonly makeArguments: () => string[],
  ) {}

  boot(): Promise<AgentLink> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(this.problem(`the guest has not come up after ${BOOT_MS_MAX / 1000} s`)),
        BOOT_MS_MAX,
      );
      const child = this.start();
      const link = new AgentLink(child.stdin, child.stdout, () => {
        clearTimeout(late);
        resolve(link);
      });
      this.exited = new Promise((done) => {
        child.on('error', (error) => reject(new Error(`QEMU cannot be run here: ${error.message}`)));
        child.on('close', (code, signal) => {
          clearTimeout(late);
          const why = this.problem(`the guest has ended (QEMU: ${code ?? signal})`);
          link.breakOff(why);
          reject(why);
          done();
        });
      });
    });
  }

  private start(): ChildProcessByStdio<Writable, Readable, Readable> {
    const qemu = [
      ...['qemu-system-x86_64', '-nodefaults', '-no-reboot', '-display', 'none', '-accel', 'tcg,thread=multi'],
      ...['-cpu', 'qemu64,+rdrand', '-chardev', `file,id=console,path=${this.consolePath()}`],
      ...['-serial', 'chardev:console', '-device', 'virtio-serial-pci', '-chardev', 'stdio,id=agent,signal=off'],
      ...['-device', 'virtserialport,chardev=agent,name=vacate.agent', ...this.makeArguments()],
    ];
    // Its parent may be killed without a chance to end it: then the kernel does.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...qemu], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.child = child;
    return child;
  }

  async stop(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  console(): string {
    return existsSync(this.consolePath()) ? readFileSync(this.consolePath(), 'utf8') : '';
  }

  private consolePath(): string {
    return join(this.folder, 'console.log');
  }

  private problem(what: string): Error {
    const tail = this.console().trimEnd().split(/\r?\n/).slice(-CONSOLE_TAIL_LINES).join('\n');
    return new Error(`${what}\n${this.stderr.trim()}\nThe end of its console:\n${tail}`);
  }
}
