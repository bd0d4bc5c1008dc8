import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { waysToPin } from '../../../src/linux/owners/ways-to-pin.js';

const root = mkdtempSync(join(tmpdir(), 'vacate-pin-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('open files that can hold pages', () => {
  it('are counted by what they are', () => {
    const directory = join(root, 'proc/7/fd');
    mkdirSync(directory, { recursive: true });
    const targets = ['pipe:[12]', 'pipe:[13]', 'anon_inode:[io_uring]', '/dev/vfio/3', '/dev/null', 'socket:[9]'];
    for (const [fd, target] of targets.entries()) symlinkSync(target, join(directory, `${fd}`));
    writeFileSync(join(directory, 'no-link'), '');
    expect(waysToPin(new LinuxTree(root), 7)).toEqual(['2 pipes', '1 io_uring', '1 VFIO device']);
  });

  it('are none of a process that is not there', () => {
    expect(waysToPin(new LinuxTree(root), 8)).toEqual([]);
  });
});
