import { VacateError } from '../base/vacate-error.js';
import { BLOCK_STATE_NAMES } from '../mm/memory-block.js';
import { formatBytes, MAX_PFN, PAGE_SIZE } from '../mm/units.js';
import { readAcpiDimms } from './acpi-dimms.js';
import { settingsText } from './host-facts.js';
import type { LinuxTree } from './linux-tree.js';
import { readPageFile, WORD_BYTES, zonesEnd } from './pages/page-file.js';
import { pageBytesOf } from './pages/page-size.js';
import { MEMORY_DEVICES, readSysfsMemory, type SysfsBlock } from './sysfs-memory.js';

export const KPAGEFLAGS = '/proc/kpageflags';

/** Files of the host that a capture directory has as they are, by their names there. */
export const HOST_TEXTS: Readonly<Record<string, string>> = {
  buddyinfo: '/proc/buddyinfo',
  pagetypeinfo: '/proc/pagetypeinfo',
  zoneinfo: '/proc/zoneinfo',
  vmstat: '/proc/vmstat',
  meminfo: '/proc/meminfo',
  iomem: '/proc/iomem',
  block_size_bytes: `${MEMORY_DEVICES}/block_size_bytes`,
  kernel: '/proc/sys/kernel/osrelease',
};

/** Of the files with a word for each page, those that a machine is built from. */
const WORDS: Readonly<Record<string, string>> = { kpageflags: KPAGEFLAGS, kpagecount: '/proc/kpagecount' };

/** Who is told how far reading has got. */
export interface LiveOptions {
  /** Told the bytes that have been read, of about how many. */
  readonly onProgress?: (bytes: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * What a host says of itself now, in the files of a capture directory (it is a `CaptureSource`): read once, all of it
 * within a moment, so that every question gets an answer from the same time.
 *
 * @example
 * const options: LiveOptions = { onProgress: (bytes, total) => console.log(bytes, total) };
 * const machine = machineFromImage(readCapture(await LiveFiles.read(new LinuxTree(), options)));
 */
export class LiveFiles {
  readonly name: string;
  readonly where: string;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #words: ReadonlyMap<string, Uint32Array>;

  private constructor(tree: LinuxTree, texts: ReadonlyMap<string, string>, words: ReadonlyMap<string, Uint32Array>) {
    this.name = hostNameOf(tree);
    this.where = tree.isLive ? 'This host' : tree.root;
    this.#texts = texts;
    this.#words = words;
  }

  /**
   * Pages first, as they take longest; then the counters, which a capture's reader compares them with.
   *
   * @throws VacateError kind 'host' if a file cannot be read.
   */
  static async read(tree: LinuxTree, { onProgress, signal }: LiveOptions = {}): Promise<LiveFiles> {
    const words = new Map<string, Uint32Array>();
    const files = Object.entries(WORDS).filter(([, path]) => hasFile(tree, path));
    const fileBytes = zonesEnd(tree.text('/proc/zoneinfo') ?? '') * WORD_BYTES;
    let read = 0;
    for (const [name, path] of files) {
      const report = (bytes: number) => onProgress?.(read + bytes, files.length * fileBytes);
      words.set(name, await readWords(tree, path, report, signal));
      read += fileBytes;
    }
    return new LiveFiles(tree, readTexts(tree), words);
  }

  /** A text file as it was read; null if there was none. */
  text(name: string): string | null {
    return this.#texts.get(name) ?? null;
  }

  /** A host has one place only, so the same as `text`. */
  textBeside(name: string): string | null {
    return this.text(name);
  }

  /** 64-bit words as they were read, the low half first; null if they were not. */
  words(name: string): Uint32Array | null {
    return this.#words.get(name) ?? null;
  }
}

/**
 * Why single pages of a host cannot be spoken of, in a sentence; null if they can. Its memory blocks may still be.
 */
export function whyNoPages(tree: LinuxTree): string | null {
  if (!hasFile(tree, KPAGEFLAGS)) {
    return (
      `${tree.at(KPAGEFLAGS)} is not there: what each page is used for cannot be said. It takes a kernel with ` +
      'CONFIG_PROC_PAGE_MONITOR.'
    );
  }
  const pageBytes = pageBytesOf(tree);
  if (pageBytes !== null && pageBytes !== PAGE_SIZE) {
    return (
      `This host has pages of ${formatBytes(pageBytes)}, and only those of ${formatBytes(PAGE_SIZE)} can be handled ` +
      'one by one here.'
    );
  }
  const nrPfns = zonesEnd(tree.text('/proc/zoneinfo') ?? '');
  if (nrPfns > MAX_PFN + 1) {
    return (
      `Memory of this host reaches up to ${formatBytes(nrPfns * PAGE_SIZE)}, and pages above ` +
      `${formatBytes((MAX_PFN + 1) * PAGE_SIZE)} cannot be handled one by one here.`
    );
  }
  return null;
}

/** "web-7" if the host is called so in letters, digits, dots and dashes; else "live". */
export function hostNameOf(tree: LinuxTree): string {
  const name = tree.value('/proc/sys/kernel/hostname') ?? '';
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? name : 'live';
}

function hasFile(tree: LinuxTree, path: string): boolean {
  return tree.has(path) || (!tree.isLive && tree.has(`${path}.gz`));
}

async function readWords(
  tree: LinuxTree,
  path: string,
  onProgress: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Uint32Array> {
  // The kernel fills in the words: two that ask are served in two thirds of the time.
  const bytes = await readPageFile(tree, path, { readers: 2, onProgress, signal });
  if (bytes.length === 0) {
    throw new VacateError(
      'host',
      `${tree.at(path)} describes no page at all: ${tree.isLive ? 'run as root' : 'copy it again, as root'}.`,
    );
  }
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / Uint32Array.BYTES_PER_ELEMENT);
}

function readTexts(tree: LinuxTree): Map<string, string> {
  const texts = new Map<string, string>();
  const put = (name: string, text: string | null) => {
    if (text !== null) texts.set(name, text);
  };
  for (const [name, path] of Object.entries(HOST_TEXTS)) put(name, tree.text(path));
  if (tree.has(MEMORY_DEVICES)) put('memory_blocks', memoryBlocksText(tree));
  put('dimms', dimmsText(tree));
  put('settings', settingsText(tree));
  return texts;
}

/** `memoryN state removable valid_zones...`, a line each. */
export function memoryBlocksText(tree: LinuxTree): string | null {
  const { blocks } = readSysfsMemory(tree);
  return blocks.length === 0 ? null : blocks.map(memoryBlockLine).join('');
}

export function memoryBlockLine({ block, state, isRemovable, zones }: SysfsBlock): string {
  const valid = zones.length === 0 ? 'none' : zones.join(' ');
  return `memory${block} ${BLOCK_STATE_NAMES[state]} ${isRemovable === false ? 0 : 1} ${valid}\n`;
}

/** `PNP0C80:NN memoryA memoryB ...`, a line for each DIMM that has memory; null if firmware names none. */
export function dimmsText(tree: LinuxTree): string | null {
  const dimms = readAcpiDimms(tree).filter(({ blocks }) => blocks.length > 0);
  const lines = dimms.map(({ name, blocks }) => `${name} ${blocks.map((block) => `memory${block}`).join(' ')}\n`);
  return lines.length === 0 ? null : lines.join('');
}
