import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { emptyTree, put, removeTrees } from './trees.js';

afterAll(removeTrees);

const treeWith = (files: Readonly<Record<string, string | Uint8Array>>) => {
  const root = emptyTree();
  put(root, files);
  return new LinuxTree(root);
};

it('reads texts, values, names and links below its root', () => {
  const tree = treeWith({ 'proc/vmstat': 'nr_free_pages 7\n', 'sys/a/one': '1\n', 'sys/a/two': '2\n' });
  symlinkSync('../memory32', join(tree.root, 'sys/a/link'));
  expect(tree.text('/proc/vmstat')).toBe('nr_free_pages 7\n');
  expect(tree.value('/sys/a/one')).toBe('1');
  expect(tree.list('/sys/a')?.sort()).toEqual(['link', 'one', 'two']);
  expect(tree.link('/sys/a/link')).toBe('../memory32');
});

it('has null for what is not there', () => {
  const tree = treeWith({ 'proc/vmstat': '' });
  expect(tree.text('/proc/zoneinfo')).toBeNull();
  expect(tree.text('/proc/vmstat/deeper')).toBeNull();
  expect(tree.list('/sys')).toBeNull();
  expect(tree.link('/sys/link')).toBeNull();
  expect(tree.text('/proc/vmstat')).toBe('');
});

it('reads files of /proc, which say that they are empty', () => {
  expect(new LinuxTree().text('/proc/self/status')).toMatch(/^Name:/);
});

it('reads a gzip in a copied tree', () => {
  const tree = treeWith({ 'proc/zoneinfo.gz': gzipSync('Node 0, zone DMA\n') });
  expect(tree.text('/proc/zoneinfo')).toBe('Node 0, zone DMA\n');
});

it('says what is no gzip', () => {
  const tree = treeWith({ 'proc/zoneinfo.gz': 'Node 0' });
  expect(() => tree.text('/proc/zoneinfo')).toThrow(/zoneinfo\.gz cannot be read \(Z_DATA_ERROR\)\.$/);
});

it('does not wait for a pipe', () => {
  const tree = treeWith({ 'proc/vmstat': '' });
  execFileSync('mkfifo', [join(tree.root, 'proc/zoneinfo')]);
  expect(tree.text('/proc/zoneinfo')).toBe('');
});

it('says what is a directory', () => {
  const tree = treeWith({ 'proc/zoneinfo/x': '' });
  expect(() => tree.text('/proc/zoneinfo')).toThrow(/zoneinfo cannot be read \(EISDIR\)\.$/);
});

it('says what only root may read', () => {
  const tree = treeWith({ 'proc/kpageflags': '' });
  chmodSync(join(tree.root, 'proc/kpageflags'), 0);
  // Root may read everything: be nobody for a moment.
  const uid = process.geteuid!();
  chmodSync(tree.root, 0o755);
  process.seteuid!(uid === 0 ? 65_534 : uid);
  try {
    expect(() => tree.text('/proc/kpageflags')).toThrow('cannot be read (EACCES): run as root.');
  } finally {
    process.seteuid!(uid);
  }
});

it('gives up on a text without end', () => {
  expect(() => new LinuxTree('/dev').text('/zero')).toThrow('does not end after 67108864 bytes: it is not the text');
});
