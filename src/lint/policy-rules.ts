import type { Finding, LintRule, Severity } from './finding.js';
import {
  AUTO_MOVABLE_RATIO,
  AUTO_ONLINE_BLOCKS,
  CONFIG,
  MEMMAP_ON_MEMORY,
  ONLINE_POLICY,
  type Settings,
  UDEV_RULES,
} from './settings.js';
import { shown } from './text.js';

/** In percent; the kernel's default is 301 (mm/memory_hotplug.c auto_movable_ratio). */
const RATIO_SAFE_MAX = 400;

const hotRemove: LintRule = {
  about: 'whether the kernel can take memory offline at all',
  needs: [],
  check({ settings, blocks }) {
    const config = settings.values(CONFIG);
    const isBuiltWithout = settings.knows(CONFIG) && config.length > 0 && !config.includes('CONFIG_MEMORY_HOTREMOVE=y');
    const saysNo = blocks !== null && blocks.length > 0 && blocks.every(({ isRemovable }) => isRemovable === false);
    if (!isBuiltWithout && !saysNo && (blocks === null || blocks.length > 0)) return [];
    const seen = isBuiltWithout
      ? 'The kernel is built without CONFIG_MEMORY_HOTREMOVE.'
      : saysNo
        ? 'Every memory block says that it is not removable.'
        : 'The host shows no memory blocks.';
    return [
      {
        id: 'no-hot-remove',
        severity: 'problem',
        seen,
        why: 'Such a kernel takes no memory offline, whatever is in it.',
        change: [
          {
            what: 'Boot a kernel with CONFIG_MEMORY_HOTPLUG and CONFIG_MEMORY_HOTREMOVE.',
            command: null,
            effect: 'at the next boot',
          },
        ],
        blocks: [],
      },
    ];
  },
};

/** What happens to memory that is plugged in: the kernel's own policy. */
const autoOnline: LintRule = {
  about: 'which zone memory gets that is plugged in',
  needs: [AUTO_ONLINE_BLOCKS],
  check({ settings }) {
    const policy = settings.value(AUTO_ONLINE_BLOCKS);
    if (policy === 'online_kernel') return [autoOnlineFinding('auto-online-kernel', 'problem', policy)];
    if (policy === 'online' && !isAutoMovable(settings)) {
      return [autoOnlineFinding('auto-online-unspecific', 'warning', policy)];
    }
    return [];
  },
};

function autoOnlineFinding(id: string, severity: Severity, policy: string): Finding {
  const isKernel = policy === 'online_kernel';
  return {
    id,
    severity,
    seen: `auto_online_blocks is ${shown(policy)}${isKernel ? '' : ', and online_policy is not auto-movable'}.`,
    why: isKernel
      ? 'Memory that is plugged in becomes kernel memory, which mostly cannot be taken out again.'
      : 'Memory that is plugged in goes to the zone of its neighbours, as a rule a kernel zone, and then mostly cannot be ' +
        'taken out again.',
    change: [
      {
        what: 'Have it onlined as movable.',
        command: `echo online_movable > ${AUTO_ONLINE_BLOCKS}`,
        effect: 'for memory that is plugged in from then on',
      },
      { what: 'For ever:', command: 'memhp_default_state=online_movable', effect: 'at the next boot' },
      ...(isKernel
        ? []
        : [
            {
              what: 'Or let the kernel keep a ratio of movable to kernel memory.',
              command: `echo auto-movable > ${ONLINE_POLICY}`,
              effect: 'for memory that is plugged in from then on' as const,
            },
          ]),
    ],
    blocks: [],
  };
}

function isAutoMovable(settings: Settings): boolean {
  return settings.value(ONLINE_POLICY) === 'auto-movable';
}

const udev: LintRule = {
  about: 'whether udev rules online memory',
  needs: [UDEV_RULES],
  check({ settings }) {
    const rules = settings.matching('/rules.d/').filter(({ value }) => /ATTR\{state\}\s*=\s*"|\/state\b/.test(value));
    const policy = settings.value(AUTO_ONLINE_BLOCKS);
    const findings = rules
      .filter(({ value }) => !/online_movable/.test(value))
      .map(({ path, value }) => udevFinding(path, /online_kernel/.test(value) ? 'problem' : 'warning'));
    if (findings.length > 0 || rules.length > 0 || policy !== 'offline') return findings;
    return [
      {
        id: 'nobody-onlines',
        severity: 'note',
        seen: 'auto_online_blocks is offline, and no udev rule brings memory online.',
        why: 'Memory that is plugged in stays unused until somebody brings it online.',
        change: [
          {
            what: 'Have it onlined as movable, so that it can go again.',
            command: `echo online_movable > ${AUTO_ONLINE_BLOCKS}`,
            effect: 'for memory that is plugged in from then on',
          },
        ],
        blocks: [],
      },
    ];
  },
};

function udevFinding(path: string, severity: Severity): Finding {
  return {
    id: 'udev-onlines',
    severity,
    seen: `${shown(path)} has a rule that brings memory online, and not as movable.`,
    why: 'It onlines whatever the kernel left offline, to the zone of its neighbours, as a rule a kernel zone.',
    change: [
      {
        what: 'Put a rule of the same name into /etc/udev/rules.d that writes online_movable.',
        command: `sed 's/"online"/"online_movable"/' ${shown(path)} > /etc/udev/rules.d/${shown(path.split('/').at(-1) ?? '')} && udevadm control --reload`,
        effect: 'for memory that is plugged in from then on',
      },
    ],
    blocks: [],
  };
}

const ratioSetting: LintRule = {
  about: 'the ratio that the kernel keeps by itself',
  needs: [ONLINE_POLICY, AUTO_MOVABLE_RATIO],
  check({ settings }) {
    const text = settings.value(AUTO_MOVABLE_RATIO) ?? '';
    const ratio = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (!isAutoMovable(settings) || ratio <= RATIO_SAFE_MAX) return [];
    return [
      {
        id: 'auto-movable-ratio',
        severity: 'warning',
        seen: `online_policy is auto-movable with auto_movable_ratio ${ratio}, in percent.`,
        why: 'So much movable memory may leave the kernel too little for its own; up to 3:1, perhaps 4:1, is known to work.',
        change: [
          {
            what: "Go back to the kernel's default.",
            command: `echo 301 > ${AUTO_MOVABLE_RATIO}`,
            effect: 'for memory that is plugged in from then on',
          },
        ],
        blocks: [],
      },
    ];
  },
};

const memmap: LintRule = {
  about: 'where the memory map of plugged-in memory lies',
  needs: [MEMMAP_ON_MEMORY],
  check({ settings, dimms }) {
    const value = settings.value(MEMMAP_ON_MEMORY);
    if (value === null || (dimms?.length ?? 0) === 0) return [];
    if (/^(?:Y|1|force)$/i.test(value)) {
      return [
        {
          id: 'memmap-on-memory',
          severity: 'note',
          seen: `memmap_on_memory is ${shown(value)}: plugged-in memory holds its own memory map.`,
          why: 'The first pages of such memory are reserved, and come and go with it. A block of it goes only by itself.',
          change: [],
          blocks: [],
        },
      ];
    }
    return [
      {
        id: 'memmap-elsewhere',
        severity: 'note',
        seen: `memmap_on_memory is ${shown(value)}: the memory map of plugged-in memory lies in kernel memory, 16 MiB for each GiB.`,
        why: 'Plugging memory in fails when kernel memory is short; and where that lies in a DIMM, the DIMM stays.',
        change: [
          {
            what: 'Let plugged-in memory hold its own map.',
            command: 'memory_hotplug.memmap_on_memory=Y',
            effect: 'at the next boot',
          },
        ],
        blocks: [],
      },
    ];
  },
};

export const POLICY_RULES: readonly LintRule[] = [hotRemove, autoOnline, udev, ratioSetting, memmap];
