import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { bootGuest, type Guest } from './guest.js';

/*
 * The tests of this folder stand on the guest and on the writer's word that no byte is wrong. So these come first: what
 * is said of a command is true, and a writer to whom something was done says so.
 */

/** A boot and what its tests do, on a machine that has other things to do as well. */
jest.setTimeout(180_000);

let guest: Guest;

beforeAll(async () => {
  guest = await bootGuest({ kernel: '6.12', policy: 'online_movable', cpus: 1 });
});

afterAll(() => guest?.close());

describe('a guest', () => {
  it('runs a command and gives both streams and the exit code', async () => {
    expect(await guest.run('echo out; echo err >&2; exit 3')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
    });
    expect((await guest.run('kill -9 $$')).exitCode).toBe(128 + 9);
    await expect(guest.must('echo no luck >&2; false')).rejects.toThrow('ended with 1: no luck');
  });

  it('has two DIMMs of four blocks each, in the zone that was asked for', async () => {
    const zones = await guest.must(
      'cd /sys/devices/system/memory; for n in 32 33 34 35 36 37 38 39; do cat memory$n/valid_zones; done',
    );
    expect(zones).toBe('Movable\n'.repeat(8));
    expect(await guest.must('cat /sys/bus/acpi/devices/PNP0C80:*/hid')).toContain('PNP0C80');
  });

  it('ends a command that does not end, and all that it started', async () => {
    await expect(guest.run('sleep 1000 & sleep 1000', { timeoutMs: 1000 })).rejects.toThrow('not ended after 1000 ms');
    expect((await guest.run('sleep 0.3; pidof sleep')).exitCode).toBe(1);
  });

  it('carries many bytes, from many commands at a time', async () => {
    const sums = await Promise.all([1, 2, 3, 4].map((n) => guest.must(`seq ${n}0000 | md5sum`)));
    expect(new Set(sums).size).toBe(4);
    const bytes = await guest.bytes('head -c 3000000 /dev/zero | tr "\\0" x');
    expect(bytes.equals(Buffer.alloc(3_000_000, 'x'))).toBe(true);
  });

  it('copies a folder out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vacate-copy-'));
    try {
      await guest.must('mkdir -p /data/tree/deep && echo hello > /data/tree/deep/file');
      await guest.copyOut('/data/tree', folder);
      expect(readFileSync(join(folder, 'deep/file'), 'utf8')).toBe('hello\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says what the console said when it is no more', async () => {
    const doomed = await bootGuest({ kernel: '6.12', policy: 'online_movable', cpus: 1 });
    try {
      await expect(doomed.run('echo c > /proc/sysrq-trigger')).rejects.toThrow(
        /guest has ended[\s\S]*sysrq triggered crash/i,
      );
    } finally {
      await doomed.close();
    }
  });
});

describe('the writer', () => {
  it.each(['anon', 'shared', 'file'])('finds no wrong byte in %s memory that nobody touched', async (kind) => {
    const writer = guest.spawn(`exec workload writer --mib 8 --kind ${kind} --path /data/writer`);
    await writer.said('ready');
    writer.signal('SIGUSR1');
    await writer.said(/rounds \d+/);
    writer.signal('SIGTERM');
    const { stdout, exitCode } = await writer.ended;
    expect(stdout).toMatch(/rounds \d+ checked [1-9]\d+ wrong 0\n$/);
    expect(exitCode).toBe(0);
  });

  it('notices a byte that changed behind its back', async () => {
    const writer = guest.spawn('exec workload writer --mib 8');
    await writer.said('ready');
    const pid = (await guest.must('pidof workload')).trim();
    await guest.kill(Number(pid), 'SIGSTOP');
    // Late in its memory: whichever page it is at, this one is checked before it is written again.
    const at = lastPageOf(await guest.must(`cat /proc/${pid}/maps`), 8 << 20);
    await guest.must(`printf X | dd of=/proc/${pid}/mem bs=1 seek=${at} conv=notrunc 2>/dev/null`);
    await guest.kill(Number(pid), 'SIGCONT');
    writer.signal('SIGTERM');
    const { stdout, exitCode } = await writer.ended;
    expect(stdout).toMatch(/wrong 8\n$/);
    expect(exitCode).toBe(1);
  });
});

/** The address of the last page of the mapping of that size. */
function lastPageOf(maps: string, bytes: number): string {
  for (const line of maps.split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw-p/.exec(line) ?? [];
    if (from !== undefined && to !== undefined && BigInt(`0x${to}`) - BigInt(`0x${from}`) === BigInt(bytes))
      return String(BigInt(`0x${to}`) - 4096n);
  }
  throw new Error(`no mapping of ${bytes} bytes in ${maps}`);
}

describe('an emulator that crashes', () => {
  const path = process.env.PATH;
  let folder: string;

  /** `qemu` is run as a shell script in place of QEMU, and says when it is. */
  function replaceQemu(qemu: string): void {
    folder = mkdtempSync(join(tmpdir(), 'vacate-emulator-'));
    const file = join(folder, 'qemu-system-x86_64');
    writeFileSync(file, `#!/bin/sh\necho run >> "$0.runs"\n${qemu}\n`);
    chmodSync(file, 0o755);
    process.env.PATH = `${folder}:${path}`;
  }

  const runs = () => readFileSync(join(folder, 'qemu-system-x86_64.runs'), 'utf8').split('\n').length - 1;

  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  it('while it boots has its guest booted again', async () => {
    replaceQemu(`[ $(wc -l < "$0.runs") -gt 1 ] || kill -SEGV $$\nPATH='${path}' exec qemu-system-x86_64 "$@"`);
    const other = await bootGuest({ kernel: '6.12', policy: 'online_movable', cpus: 1 });
    try {
      expect(await other.must('echo here')).toBe('here\n');
    } finally {
      await other.close();
    }
    expect(runs()).toBe(2);
  });

  it('each time is an error after the third', async () => {
    replaceQemu('kill -SEGV $$');
    await expect(bootGuest({ kernel: '6.12', policy: 'online_movable' })).rejects.toThrow('QEMU: SIGSEGV');
    expect(runs()).toBe(3);
  });

  it('by another hand, or that gives up by itself, is an error at once', async () => {
    replaceQemu('exit 1');
    await expect(bootGuest({ kernel: '6.12', policy: 'online_movable' })).rejects.toThrow('QEMU: 1');
    expect(runs()).toBe(1);
  });
});
