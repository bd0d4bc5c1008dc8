import { setImmediate } from 'node:timers/promises';
import { VacateError } from '../../base/vacate-error.js';
import { settingsText } from '../host-facts.js';
import { readKmsg } from '../kmsg.js';
import type { LinuxTree } from '../linux-tree.js';
import { dimmsText, HOST_TEXTS, memoryBlockLine } from '../live-files.js';
import { blockPath, listSysfsBlocks, MEMORY_DEVICES, readBlock } from '../sysfs-memory.js';

/**
 * They change all the time, so that pages are compared with what they say right afterwards. So does pagetypeinfo, but it
 * takes tens of milliseconds, as the kernel walks its free lists, and types of pageblocks seldom change.
 */
const MOVING = ['buddyinfo', 'zoneinfo', 'vmstat', 'meminfo'];

/** Texts by the names that they have in a capture. */
export type Texts = Map<string, string>;

/** What each text tells, for whoever has to do without. Hosts without DIMMs, and logs that may not be read, are usual. */
export const TEXTS_WANTED: Readonly<Record<string, string>> = {
  buddyinfo: 'free blocks by order',
  pagetypeinfo: 'how many pageblocks there are of each type',
  zoneinfo: 'where zones lie and what their watermarks are',
  vmstat: 'what the kernel counted',
  meminfo: 'how much swap space there is',
  iomem: 'which memory belongs to which device',
  block_size_bytes: 'how large a memory block is',
  memory_blocks: 'which memory blocks there are and in which zones',
  kernel: 'which kernel it is',
};
export const TEXTS_OPTIONAL: readonly string[] = ['dimms', 'dmesg', 'settings'];

/** The texts that must be of the same moment as the pages; they take some milliseconds. */
export function readMovingTexts(tree: LinuxTree): Texts {
  return new Map(MOVING.flatMap((name) => entryOf(name, tree.text(HOST_TEXTS[name]!))));
}

/**
 * The others, while pages are read: in steps so short that no reader waits for its next order. What could not be read is
 * noted.
 */
export async function readSteadyTexts(tree: LinuxTree, notes: string[]): Promise<Texts> {
  const texts: Texts = new Map();
  const put = async (name: string, text: string | null) => {
    for (const entry of entryOf(name, text)) texts.set(...entry);
    await setImmediate();
  };
  for (const [name, path] of Object.entries(HOST_TEXTS)) {
    if (!MOVING.includes(name)) await put(name, tree.text(path));
  }
  await put('memory_blocks', await readBlocks(tree));
  await put('dimms', dimmsText(tree));
  await put('settings', settingsText(tree));
  await put('dmesg', readDmesg(tree, notes));
  return texts;
}

function entryOf(name: string, text: string | null): [string, string][] {
  return text === null ? [] : [[name, text]];
}

async function readBlocks(tree: LinuxTree): Promise<string | null> {
  if (!tree.has(MEMORY_DEVICES)) return null;
  let lines = '';
  for (const number of listSysfsBlocks(tree).numbers) {
    const block = readBlock(tree, number);
    if (block !== null) lines += memoryBlockLine(block);
    await setImmediate();
  }
  return lines === '' ? null : lines;
}

/**
 * Counts everything that devices tell user space, so also each block that came or went (lib/kobject_uevent.c); null for a
 * host without it.
 */
export function readDeviceEvents(tree: LinuxTree): string | null {
  return tree.value('/sys/kernel/uevent_seqnum');
}

/** A memory block that is not now as `memory_blocks` has it; null if none is. */
export function changedBlock(tree: LinuxTree, memoryBlocks: string | undefined): string | null {
  const before = new Map((memoryBlocks ?? '').split('\n').map((line) => line.split(' ', 2) as [string, string]));
  before.delete('');
  if (!tree.has(MEMORY_DEVICES)) return before.keys().next().value ?? null;
  for (const number of listSysfsBlocks(tree).numbers) {
    const block = `memory${number}`;
    if (before.get(block) !== tree.value(`${blockPath(number)}/state`)) return block;
    before.delete(block);
  }
  return before.keys().next().value ?? null;
}

/** The kernel's log as dmesg prints it; null without one. Not everybody who may read pages may read that. */
function readDmesg(tree: LinuxTree, notes: string[]): string | null {
  try {
    return dmesgText(readKmsg(tree)?.text ?? null);
  } catch (cause) {
    if (!VacateError.is(cause)) throw cause;
    notes.push(`${cause.message} The capture lacks dmesg.`);
    return null;
  }
}

/** "6,1234,5678900,-;text" becomes "[    5.678900] text" (Documentation/ABI/testing/dev-kmsg); what else there is stays. */
function dmesgText(records: string | null): string | null {
  const lines = (records ?? '').split('\n').filter((line) => line !== '' && !line.startsWith(' '));
  const printed = lines.map((line) => {
    const [, usec, text] = /^\d{1,20},\d{1,20},(\d{1,18}),[^;]{0,64};(.*)$/s.exec(line) ?? [];
    if (usec === undefined) return `${line}\n`;
    return `[${(Number(usec) / 1e6).toFixed(6).padStart(12)}] ${text}\n`;
  });
  return printed.length === 0 ? null : printed.join('');
}
