import { rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { AgentLink, GuestResult } from './agent-link.js';
import { GuestCommand } from './guest-command.js';
import { makeDataDisk, makeInitramfs, makeToolsDisk, makeVacateDisk } from './images.js';
import { findKernel, type KernelSeries } from './kernel.js';
import { command } from './places.js';
import { EmulatorCrash, QemuMachine } from './qemu-machine.js';

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

/** So often a guest is booted again when it is QEMU that has crashed under it. */
const CRASHES_MAX = 2;

const DEFAULT_TIMEOUT_MS = 60_000;

export type GuestSignal = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGUSR1' | 'SIGUSR2' | 'SIGSTOP' | 'SIGCONT';

/** A Linux in QEMU. Whoever boots it closes it. */
export class Guest {
  /** As `uname -r` has it. */
  readonly release: string;

  constructor(
    release: string,
    private readonly link: AgentLink,
    private readonly machine: QemuMachine,
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
 * ext4 on /data. It ends with this process, however that ends. Nothing has been asked of the guest yet when its emulator
 * crashes under it, so it is booted again, and says so; a kernel that crashes is another matter.
 *
 * @throws {Error} with the end of its console if it does not come up
 */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  for (let nrCrashes = 1; ; nrCrashes++) {
    try {
      return await bootOnce(options);
    } catch (error) {
      if (!(error instanceof EmulatorCrash) || nrCrashes > CRASHES_MAX) throw error;
      process.stderr.write(`Booted again: ${error.message.split('\n', 1)[0]}\n`);
    }
  }
}

async function bootOnce(options: GuestOptions): Promise<Guest> {
  const kernel = findKernel(options.kernel);
  const machine = new QemuMachine();
  const disks = { vacate: join(machine.folder, 'vacate.img'), data: join(machine.folder, 'data.img') };
  try {
    makeVacateDisk(disks.vacate);
    makeDataDisk(disks.data, DATA_DISK_BYTES);
    const link = await machine.boot([
      ...['-kernel', kernel.vmlinuz, '-initrd', makeInitramfs(kernel), '-append', kernelParameters(options)],
      ...['-smp', `${options.cpus ?? 2}`],
      ...memoryArguments(),
      ...diskArguments('tools', makeToolsDisk(), true),
      ...diskArguments('vacate', disks.vacate, true),
      ...diskArguments('data', disks.data, false),
    ]);
    for (const image of Object.values(disks)) rmSync(image); // QEMU has them open: they end with it, whoever ends it
    return new Guest(kernel.release, link, machine);
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

/** What mitigates processors' faults costs most where a processor is emulated, and protects nobody here. */
function kernelParameters({ policy, kernelParameters = [] }: GuestOptions): string {
  const ours = ['console=ttyS0', 'panic=-1', 'random.trust_cpu=on', 'mitigations=off', `memhp_default_state=${policy}`];
  return [...ours, ...kernelParameters].join(' ');
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
