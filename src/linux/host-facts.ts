import { closeSync, constants, openSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { VacateError } from '../base/vacate-error.js';
import type { LinuxTree } from './linux-tree.js';

/** Files of one value that decide which memory can be removed. */
export const SETTING_PATHS: readonly string[] = [
  '/proc/cmdline',
  '/proc/sys/vm/compact_unevictable_allowed',
  '/proc/sys/vm/compaction_proactiveness',
  '/sys/devices/system/memory/auto_online_blocks',
  '/sys/module/memory_hotplug/parameters/online_policy',
  '/sys/module/memory_hotplug/parameters/auto_movable_ratio',
  '/sys/module/memory_hotplug/parameters/auto_movable_numa_aware',
  '/sys/module/memory_hotplug/parameters/memmap_on_memory',
  '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages',
  '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages',
];

/** udev's directories of rules, the first of which wins; /lib is a link to /usr/lib on most hosts. */
const RULES_DIRECTORIES = ['/etc/udev/rules.d', '/run/udev/rules.d', '/usr/lib/udev/rules.d', '/lib/udev/rules.d'];
/** The paths under which lists from several places stand. */
export const CONFIG_KEY = '/boot/config';
export const UDEV_KEY = '/udev/rules.d';

const CONFIG_OPTIONS =
  /^CONFIG_(?:MEMORY_HOTPLUG|MEMORY_HOTREMOVE|MHP_\w{1,60}|MEMORY_HOTPLUG_\w{1,60}|MIGRATION|COMPACTION)=y$/;
const VALUE_LENGTH_MAX = 4096;
const FILES_MAX = 1000;
const CONFIG_BYTES_MAX = 1024 * 1024;
const RULES_MAX = 100;

/**
 * What this host was told about its memory: a line "path value" each, and a path alone for a file that it does not have
 * (the file `settings` of a capture). What may not be read is left out, as if nobody had looked.
 */
export function settingsText(tree: LinuxTree): string {
  const lines = SETTING_PATHS.flatMap((path) => {
    const value = ifReadable(() => tree.value(path));
    return value === undefined ? [] : [value === null ? path : `${path} ${oneLine(value)}`];
  });
  return `${[...lines, ...configLines(tree), ...udevLines(tree)].join('\n')}\n`;
}

/** Undefined for what cannot be read: that is neither there nor not there. */
function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (VacateError.is(error)) return undefined;
    throw error;
  }
}

function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, VALUE_LENGTH_MAX);
}

/** The kernel's configuration, where the distribution or the kernel itself keeps it; nothing if neither does. */
function configLines(tree: LinuxTree): string[] {
  const release = ifReadable(() => tree.value('/proc/sys/kernel/osrelease')) ?? '';
  const isName = /^[\w.+~-]{1,100}$/.test(release);
  const text = (isName ? ifReadable(() => tree.text(`/boot/config-${release}`)) : null) ?? ownConfig(tree);
  // Where there is a text of another kind nothing is known, rather than that nothing is set.
  if (text === null || !text.includes('CONFIG_')) return [];
  const options = text.split('\n').filter((line) => CONFIG_OPTIONS.test(line));
  return [`${CONFIG_KEY} #`, ...options.map((line) => `${CONFIG_KEY} ${line}`)];
}

/** /proc/config.gz; null if there is none that can be read. */
function ownConfig(tree: LinuxTree): string | null {
  try {
    const file = openSync(tree.at('/proc/config.gz'), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const zipped = Buffer.alloc(CONFIG_BYTES_MAX);
      let bytes = 0;
      for (let nr = 1; nr > 0 && bytes < zipped.length; bytes += nr) {
        nr = readSync(file, zipped, bytes, zipped.length - bytes, null);
      }
      return gunzipSync(zipped.subarray(0, bytes), { maxOutputLength: 16 * CONFIG_BYTES_MAX }).toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Rules about memory, under the names of their files. A file hides those of its name in later directories. */
function udevLines(tree: LinuxTree): string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  let isKnown = false;
  for (const directory of RULES_DIRECTORIES) {
    const names = ifReadable(() => tree.list(directory)) ?? null;
    if (names === null) continue;
    isKnown = true;
    for (const name of names.filter((each) => each.endsWith('.rules')).slice(0, FILES_MAX)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const text = ifReadable(() => tree.text(`${directory}/${name}`)) ?? '';
      for (const rule of memoryRules(text)) lines.push(`${directory}/${oneLine(name).replaceAll(' ', '?')} ${rule}`);
    }
  }
  return isKnown ? [`${UDEV_KEY} `, ...lines.slice(0, RULES_MAX)] : [UDEV_KEY];
}

function memoryRules(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#') && /\bSUBSYSTEM\s*==\s*"memory"/.test(line))
    .map(oneLine);
}
