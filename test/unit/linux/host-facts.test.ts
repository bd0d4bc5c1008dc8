import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LINT_RULES, Settings } from '../../../src/lint/index.js';
import { CONFIG_KEY, SETTING_PATHS, settingsText, UDEV_KEY } from '../../../src/linux/host-facts.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';

const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

function treeOf(files: Readonly<Record<string, string | Buffer>>): LinuxTree {
  const root = mkdtempSync(join(tmpdir(), 'vacate-facts-'));
  made.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return new LinuxTree(root);
}

const read = (files: Readonly<Record<string, string | Buffer>>) => Settings.parse(settingsText(treeOf(files)));

describe('the settings of a host', () => {
  it('are values, or that there is no such file', () => {
    const settings = read({ '/proc/cmdline': 'ro  quiet\n', '/proc/sys/vm/compact_unevictable_allowed': '1\n' });
    expect(settings.value('/proc/cmdline')).toBe('ro  quiet');
    expect(settings.value('/proc/sys/vm/compact_unevictable_allowed')).toBe('1');
    for (const path of SETTING_PATHS) expect([path, settings.knows(path)]).toEqual([path, true]);
    expect(settings.value('/sys/devices/system/memory/auto_online_blocks')).toBeNull();
  });

  it('include all that rules ask for', () => {
    const asked = LINT_RULES.flatMap(({ needs }) => needs.filter((need) => need.startsWith('/')));
    for (const path of asked) expect([...SETTING_PATHS, UDEV_KEY, CONFIG_KEY]).toContain(path);
  });

  it('are on a line each, whatever they hold', () => {
    const text = settingsText(treeOf({ '/proc/cmdline': `a\nb\u2028c\u001b[2J${'x'.repeat(9000)}` }));
    expect(text.split('\n').find((line) => line.startsWith('/proc/cmdline'))).toMatch(/^\/proc\/cmdline a b c \[2Jx+$/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(4200);
  });

  it('are not known where a directory lies in the place of a file', () => {
    const settings = read({ '/proc/cmdline/x': '' });
    expect(settings.knows('/proc/cmdline')).toBe(false);
  });
});

describe("the kernel's configuration", () => {
  const text = 'CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTREMOVE=y\nCONFIG_SOUND=y\n# CONFIG_MIGRATION is not set\n';
  const wanted = ['#', 'CONFIG_MEMORY_HOTPLUG=y', 'CONFIG_MEMORY_HOTREMOVE=y'];

  it('is what the distribution keeps of this release', () => {
    const settings = read({ '/proc/sys/kernel/osrelease': '6.1.0-x\n', '/boot/config-6.1.0-x': text });
    expect(settings.values(CONFIG_KEY)).toEqual(wanted);
    expect(read({ '/proc/sys/kernel/osrelease': '../x\n', '/boot/config-../x': text }).knows(CONFIG_KEY)).toBe(false);
  });

  it('or what the kernel has with it', () => {
    expect(read({ '/proc/config.gz': gzipSync(text) }).values(CONFIG_KEY)).toEqual(wanted);
    expect(read({ '/proc/config.gz': 'no gzip' }).knows(CONFIG_KEY)).toBe(false);
    expect(read({ '/proc/config.gz': gzipSync('no configuration') }).knows(CONFIG_KEY)).toBe(false);
  });
});

describe("udev's rules about memory", () => {
  const rule = 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"';

  it('are found in all its directories, the first of a name winning', () => {
    const settings = read({
      '/etc/udev/rules.d/40-memory.rules': `# ${rule}\nSUBSYSTEM=="cpu", ATTR{online}="1"\n`,
      '/usr/lib/udev/rules.d/40-memory.rules': `${rule}\n`,
      '/usr/lib/udev/rules.d/41-more.rules': `SUBSYSTEM=="memory", \\\n  ATTR{state}="online"\n`,
      '/usr/lib/udev/rules.d/README': rule,
    });
    expect(settings.matching('/rules.d/')).toEqual([
      { path: '/usr/lib/udev/rules.d/41-more.rules', value: 'SUBSYSTEM=="memory",    ATTR{state}="online"' },
    ]);
    expect(settings.value(UDEV_KEY)).toBe('');
  });

  it('are none on a host without udev', () => {
    const settings = read({});
    expect([settings.knows(UDEV_KEY), settings.value(UDEV_KEY)]).toEqual([true, null]);
  });
});
