/** Where the kernel shows what it was told about memory; the file `settings` of a capture has a line for each. */
export const AUTO_ONLINE_BLOCKS = '/sys/devices/system/memory/auto_online_blocks';
export const ONLINE_POLICY = '/sys/module/memory_hotplug/parameters/online_policy';
export const AUTO_MOVABLE_RATIO = '/sys/module/memory_hotplug/parameters/auto_movable_ratio';
export const AUTO_MOVABLE_NUMA_AWARE = '/sys/module/memory_hotplug/parameters/auto_movable_numa_aware';
export const MEMMAP_ON_MEMORY = '/sys/module/memory_hotplug/parameters/memmap_on_memory';
export const COMPACT_UNEVICTABLE = '/proc/sys/vm/compact_unevictable_allowed';
export const CMDLINE = '/proc/cmdline';
/** Lines of the kernel's configuration, wherever the host keeps it. */
export const CONFIG = '/boot/config';
/** Directories of udev's rules; rules about memory follow, a line each, under the names of their files. */
export const UDEV_RULES = '/udev/rules.d';
export const GIGANTIC_PAGES = '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages';

/** A line about one path: its value, or that there is no such file. */
export interface SettingLine {
  readonly path: string;
  /** Null if the host has no such file. */
  readonly value: string | null;
}

/**
 * What a host was told about its memory. Three answers are kept apart: a value, a file that the host does not have, and
 * a path of which nothing is known.
 *
 * @example
 * const settings = Settings.parse('/proc/sys/vm/compact_unevictable_allowed 1');
 * settings.value('/proc/sys/vm/compact_unevictable_allowed'); // "1"
 */
export class Settings {
  readonly #values = new Map<string, string[] | null>();

  constructor(lines: readonly SettingLine[]) {
    for (const { path, value } of lines) {
      const values = this.#values.get(path) ?? [];
      if (value !== null) values.push(value);
      this.#values.set(path, value === null && values.length === 0 ? null : values);
    }
  }

  /** The file `settings`: a line "path value" each; a path alone is a file that the host does not have. */
  static parse(text: string): Settings {
    const lines = text.split('\n').flatMap((line): SettingLine[] => {
      const at = line.indexOf(' ');
      const path = at < 0 ? line : line.slice(0, at);
      return path.startsWith('/') ? [{ path, value: at < 0 ? null : line.slice(at + 1).trim() }] : [];
    });
    return new Settings(lines);
  }

  /** True if it was looked for, whether or not it was there. */
  knows(path: string): boolean {
    return this.#values.has(path);
  }

  /** The first value; null if there is none, or nothing is known. */
  value(path: string): string | null {
    return this.#values.get(path)?.[0] ?? null;
  }

  /** All values of a path that may have several. */
  values(path: string): readonly string[] {
    return this.#values.get(path) ?? [];
  }

  /** Values of all paths that contain a text, with their paths. */
  matching(part: string): Array<{ readonly path: string; readonly value: string }> {
    return [...this.#values].flatMap(([path, values]) =>
      path.includes(part) ? (values ?? []).map((value) => ({ path, value })) : [],
    );
  }
}
