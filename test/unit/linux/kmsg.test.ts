import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKmsg } from '../../../src/linux/kmsg.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';

const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

function treeWith(log: string | null): LinuxTree {
  const root = mkdtempSync(join(tmpdir(), 'vacate-kmsg-'));
  made.push(root);
  if (log !== null) {
    mkdirSync(join(root, 'dev'));
    writeFileSync(join(root, 'dev/kmsg'), log);
  }
  return new LinuxTree(root);
}

const LOG = '6,10,5,-;one\n SUBSYSTEM=memory\n6,11,6,-;two\n4,12,7,-;three\n';

describe("the kernel's ring buffer", () => {
  it('gives all its records, and where it ends', () => {
    expect(readKmsg(treeWith(LOG))).toEqual({ text: LOG, last: 12, isCut: false });
  });

  it('gives those after another, with their properties', () => {
    expect(readKmsg(treeWith(LOG), { after: 9 })).toEqual({ text: LOG, last: 12, isCut: false });
    expect(readKmsg(treeWith(LOG), { after: 11 })).toMatchObject({ text: '4,12,7,-;three\n', last: 12 });
    expect(readKmsg(treeWith(LOG), { after: 12 })).toEqual({ text: '', last: 12, isCut: false });
  });

  it('says if some that were asked for are gone', () => {
    expect(readKmsg(treeWith(LOG), { after: 5 })).toMatchObject({ isCut: true });
  });

  it('may be empty, or not be there', () => {
    expect(readKmsg(treeWith(''))).toEqual({ text: '', last: null, isCut: false });
    expect(readKmsg(treeWith(null))).toBeNull();
  });

  it('never waits: a pipe in its place is an empty log', () => {
    const tree = treeWith(null);
    mkdirSync(tree.at('/dev'));
    spawnSync('mkfifo', [tree.at('/dev/kmsg')]);
    expect(readKmsg(tree)).toEqual({ text: '', last: null, isCut: false });
  });

  it('that cannot be read is said so', () => {
    const tree = treeWith(null);
    mkdirSync(tree.at('/dev/kmsg'), { recursive: true });
    expect(() => readKmsg(tree)).toThrow(/kmsg, the kernel's log, cannot be read \(EISDIR\)\./);
  });

  const mayRead = existsSync('/dev/kmsg') && process.getuid?.() === 0;
  (mayRead ? it : it.skip)('of this host ends where it ends', () => {
    const all = readKmsg(new LinuxTree());
    expect(all?.text).toMatch(/^\d+,\d+,\d+,/);
    expect(readKmsg(new LinuxTree(), { after: all?.last ?? null })?.text.length).toBeLessThan(all?.text.length ?? 0);
  });
});
