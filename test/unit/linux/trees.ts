import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Copies of hosts, as --root takes them, made of what is kept here in few files: a dump of memory blocks, or a capture.
 */

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const MEMORY = 'sys/devices/system/memory';

const made: string[] = [];

/** A directory that is gone when the tests are over, if they say so by `removeTrees`. */
export function emptyTree(): string {
  const root = mkdtempSync(join(tmpdir(), 'vacate-tree-'));
  made.push(root);
  return root;
}

export function removeTrees(): void {
  for (const root of made.splice(0)) rmSync(root, { recursive: true, force: true });
}

/** Writes files below a root, by path; directories come by themselves. */
export function put(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

export interface BlockSketch {
  readonly state: string;
  readonly removable?: string | undefined;
  /** Null for no such file. */
  readonly zones: string | null;
  readonly node?: string | null | undefined;
}

/** One memory block as sysfs has it: a directory, three files, a link to its node. */
export function putBlock(root: string, block: number, { state, removable = '1', zones, node = 'node0' }: BlockSketch) {
  const path = `${MEMORY}/memory${block}`;
  put(root, { [`${path}/state`]: `${state}\n`, [`${path}/removable`]: `${removable}\n` });
  if (zones !== null) put(root, { [`${path}/valid_zones`]: `${zones}\n` });
  if (node !== null) symlinkSync(`../../node/${node}`, join(root, path, node));
}

export const DUMPS = ['lsmem-x86_64-16g', 'lsmem-s390-zvm-6g', 'lsmem-aarch64_16K_16g'] as const;

/** A dump of test/fixtures/trees, unfolded: only the memory blocks of sysfs are in it, no /proc. */
export function unfoldDump(name: string): string {
  const root = emptyTree();
  const [size = '', ...lines] = readFileSync(join(FIXTURES, 'trees', `${name}.txt`), 'utf8')
    .trim()
    .split('\n');
  put(root, { [`${MEMORY}/block_size_bytes`]: `${size.split(' ')[1]}\n` });
  for (const line of lines) {
    const [block = '', state = '', removable, node, ...zones] = line.split(' ');
    putBlock(root, Number(block.slice('memory'.length)), { state, removable, node, zones: zones.join(' ') });
  }
  return root;
}

/** What lsmem printed for a dump. */
export function expectedOf(name: string): { memory: object[]; blocks: object[]; summary: Record<string, string> } {
  return JSON.parse(readFileSync(join(FIXTURES, 'trees', `${name}.expected.json`), 'utf8'));
}

const PROC_TEXTS = ['buddyinfo', 'pagetypeinfo', 'zoneinfo', 'vmstat', 'meminfo', 'iomem'];
const PROC_PAGES = ['kpageflags.gz', 'kpagecount.gz'];

/** A capture of test/fixtures/captures as the tree it was taken of, with one ACPI device for each name in `dimms`. */
export function unfoldCapture(name: string, dimms: Readonly<Record<string, readonly number[]>> = {}): string {
  const from = join(FIXTURES, 'captures', name);
  const root = treeOfCapture(from, readFileSync(join(from, '..', 'kernel'), 'utf8'));
  for (const [dimm, blocks] of Object.entries(dimms)) {
    const device = join(root, 'sys/bus/acpi/devices', dimm);
    mkdirSync(device, { recursive: true });
    for (const [index, block] of blocks.entries()) {
      const target = `../../../../devices/system/memory/memory${block}`;
      symlinkSync(target, join(device, `physical_node${index === 0 ? '' : index}`));
    }
  }
  return root;
}

function treeOfCapture(from: string, kernel: string): string {
  const root = emptyTree();
  mkdirSync(join(root, 'proc'), { recursive: true });
  for (const file of [...PROC_TEXTS, ...PROC_PAGES])
    if (existsSync(join(from, file))) cpSync(join(from, file), join(root, 'proc', file));
  put(root, {
    'proc/sys/kernel/osrelease': kernel,
    'proc/sys/kernel/hostname': 'guest-7\n',
    [`${MEMORY}/block_size_bytes`]: readFileSync(join(from, 'block_size_bytes'), 'utf8'),
  });
  for (const line of readFileSync(join(from, 'memory_blocks'), 'utf8').trim().split('\n')) {
    const [block = '', state = '', removable, ...zones] = line.split(' ');
    putBlock(root, Number(block.slice('memory'.length)), { state, removable, zones: zones.join(' ') });
  }
  return root;
}

/** A drawn capture (test/unit/capture/sketch.ts) as the tree of a small host. */
export function treeOfSketch(sketch: { write(): string }): string {
  return treeOfCapture(sketch.write(), '6.12.117\n');
}
