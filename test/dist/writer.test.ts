import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf, isAlive } from '../../src/linux/hotplug/process-identity.js';
import { WriterProcess } from '../../src/linux/hotplug/writer-process.js';
import { canLease, Lease } from './lease.js';
import { ROOT } from './run-cli.js';

const ENTRY = new URL(`file://${join(ROOT, 'dist/src/linux/hotplug/writer-main.js')}`);
const PATIENCE_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vacate-writer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a process that writes', () => {
  let writer: WriterProcess;
  beforeEach(() => {
    writer = new WriterProcess(ENTRY);
  });
  afterEach(() => writer.end());

  it(
    'writes a word as it is, over what was there, again and again',
    async () => {
      const path = fileWith('state', 'online_movable\n');
      await writer.ready();
      expect(await writer.write({ path, word: 'offline' })).toEqual({ error: null });
      expect(readFileSync(path, 'utf8')).toBe('offline');
      expect(await writer.write({ path, word: 'online' })).toEqual({ error: null });
      expect(readFileSync(path, 'utf8')).toBe('online');
    },
    PATIENCE_MS,
  );

  it(
    'tells the errno, and never makes a file',
    async () => {
      await writer.ready();
      expect(await writer.write({ path: join(folder, 'none'), word: 'offline' })).toEqual({ error: 'ENOENT' });
      expect(await writer.write({ path: folder, word: 'offline' })).toEqual({ error: 'EISDIR' });
    },
    PATIENCE_MS,
  );

  it(
    'lets no signal end it that is meant for the whole terminal',
    async () => {
      const { pid } = await writer.ready();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
      const path = fileWith('hardy', 'online');
      expect(await writer.write({ path, word: 'offline' })).toEqual({ error: null });
    },
    PATIENCE_MS,
  );

  it(
    'that has been ended does no more',
    async () => {
      const path = fileWith('late', 'online');
      const identity = await writer.ready();
      expect([await writer.end(), isAlive(identity)]).toEqual([true, false]);
      expect(await writer.write({ path, word: 'offline' })).toEqual({ error: 'EINTR' });
      expect(readFileSync(path, 'utf8')).toBe('online');
      await expect(writer.ready()).rejects.toThrow('could not be started, or was ended');
    },
    PATIENCE_MS,
  );

  (canLease ? it : it.skip)(
    `can be ended in the middle of a write that does not return${canLease ? '' : ' (skipped: perl is not installed)'}`,
    async () => {
      const path = fileWith('leased', 'online');
      const lease = await Lease.on(path);
      await writer.ready();
      const writing = writer.write({ path, word: 'offline' });
      await new Promise((resolve) => setTimeout(resolve, 200));
      const begun = performance.now();
      expect(await writer.end()).toBe(true);
      expect(await writing).toEqual({ error: 'EINTR' });
      expect(performance.now() - begun).toBeLessThan(2000);
      lease.release();
    },
    PATIENCE_MS,
  );
});

(canLease ? it : it.skip)(
  `whoever started it is killed: it ends in the middle of its write${canLease ? '' : ' (skipped: perl is not installed)'}`,
  async () => {
    const path = fileWith('orphan', 'online');
    const lease = await Lease.on(path);
    const code = `
      import { WriterProcess } from ${JSON.stringify(new URL('writer-process.js', ENTRY).href)};
      const writer = new WriterProcess();
      console.log((await writer.ready()).pid);
      await writer.write({ path: ${JSON.stringify(path)}, word: 'offline' });`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    const orphan = identityOf(pid);
    expect(orphan).not.toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 200));
    parent.kill('SIGKILL');
    while (isAlive(orphan!)) await new Promise((resolve) => setTimeout(resolve, 20));
    lease.release();
    expect(readFileSync(path, 'utf8')).toBe('online');
  },
  PATIENCE_MS,
);
