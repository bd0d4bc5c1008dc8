import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Guest } from './guest.js';

/*
 * Captures of a guest and what its kernel then did, taken with nothing of ours: what judges our own reader and our own
 * forecasts must not come from them.
 */

/** Read first and raw; compressed here, so that the guest does not. */
const BIG_FILES = ['kpageflags', 'kpagecount'];
const TEXT_FILES = ['buddyinfo', 'pagetypeinfo', 'zoneinfo', 'vmstat', 'meminfo', 'iomem'];

const MEMORY = '/sys/devices/system/memory';

/** An attempt that has not ended by then is interrupted: the kernel's loop has no end of its own. */
const ATTEMPT_SECONDS_MAX = 20;
const ATTEMPT_MS_MAX = 120_000;

/** The kernel can log more than anybody wants to keep; what comes first tells most. */
const DMESG_BYTES_MAX = 20_000;

export interface Attempt {
  readonly block: string;
  /** The block's valid_zones before. */
  readonly zones: string;
  readonly result: 'offline' | 'refused' | 'refused-timeout';
  readonly seconds: number;
  /** Differences of pgmigrate_success and pgmigrate_fail. */
  readonly migrated: number;
  readonly failed: number;
}

/** Takes a capture of a guest into a new folder, in the form of `vacate`'s capture directories. */
export async function takeCapture(guest: Guest, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of BIG_FILES)
    writeFileSync(join(folder, `${name}.gz`), gzipSync(await guest.bytes(`cat /proc/${name}`)));
  await takeTexts(guest, folder);
  writeFileSync(join(folder, 'block_size_bytes'), await guest.bytes(`cat ${MEMORY}/block_size_bytes`));
  writeFileSync(join(folder, 'memory_blocks'), await guest.bytes(LIST_BLOCKS));
}

/** What a capture says in words, the free lists and counters, into a folder. */
export async function takeTexts(guest: Guest, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of TEXT_FILES) writeFileSync(join(folder, name), await guest.bytes(`cat /proc/${name}`));
}

/** A line per block: name, state, removable, valid_zones. One shell does it all: each process would take pages. */
const LIST_BLOCKS = `cd ${MEMORY}; for block in memory[0-9]*; do
  read -r state < $block/state; read -r removable < $block/removable; read -r zones < $block/valid_zones
  echo "$block $state $removable $zones"; done`;

/** The blocks that are online, in the order of their directory. */
export async function onlineBlocks(guest: Guest): Promise<string[]> {
  const lines = (await guest.must(LIST_BLOCKS)).trim().split('\n');
  return lines.filter((line) => line.split(' ')[1] === 'online').map((line) => line.split(' ')[0] as string);
}

/**
 * Asks the kernel to take a block offline, notes what it does, and brings the block back to the zone that it had.
 * What the kernel logged and what the write returned are put into `folder`, where they are not empty.
 */
export async function attemptOffline(guest: Guest, block: string, folder: string): Promise<Attempt> {
  const report = await guest.must(attemptScript(block), { timeoutMs: ATTEMPT_MS_MAX });
  const [head, error, log] = splitReport(report);
  const word = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(head)?.[1] ?? '';
  const change = (name: string) => Number(word(`after ${name}`)) - Number(word(`before ${name}`));
  const seconds = Number(word('ended')) - Number(word('started'));
  const wentOffline = word('state') === 'offline';
  if (error !== '') writeFileSync(join(folder, 'error'), error);
  if (log !== '') writeFileSync(join(folder, 'dmesg'), log);
  const zones = word('zones');
  if (wentOffline) await bringBack(guest, block, zones);
  const refused = seconds >= ATTEMPT_SECONDS_MAX ? 'refused-timeout' : 'refused';
  return {
    block,
    zones,
    result: wentOffline ? 'offline' : refused,
    seconds: Number(seconds.toFixed(2)),
    migrated: change('pgmigrate_success'),
    failed: change('pgmigrate_fail'),
  };
}

const SEPARATOR = '----';

function splitReport(report: string): [string, string, string] {
  const [head = '', error = '', ...log] = report.split(`${SEPARATOR}\n`);
  return [head, error, log.join(`${SEPARATOR}\n`)];
}

function attemptScript(block: string): string {
  const path = `${MEMORY}/${block}`;
  const uptime = (what: string) => `read -r up rest < /proc/uptime; echo "${what} $up"`;
  const counters = (when: string) =>
    `while read -r name value; do case $name in pgmigrate_*) echo "${when} $name $value"; esac; done < /proc/vmstat`;
  return [
    `read -r zones < ${path}/valid_zones; echo "zones $zones"`,
    'dmesg -c > /dev/null',
    counters('before'),
    uptime('started'),
    `timeout -s INT ${ATTEMPT_SECONDS_MAX} sh -c 'echo offline > ${path}/state' 2> /tmp/error`,
    uptime('ended'),
    counters('after'),
    `read -r state < ${path}/state; echo "state $state"`,
    `echo ${SEPARATOR}; cat /tmp/error`,
    `echo ${SEPARATOR}; dmesg | head -c ${DMESG_BYTES_MAX}`,
  ].join('\n');
}

async function bringBack(guest: Guest, block: string, zones: string): Promise<void> {
  const how = zones.startsWith('Movable') ? 'online_movable' : 'online_kernel';
  await guest.must(`echo ${how} > ${MEMORY}/${block}/state`);
}

/** As the recorded ones: a heading, then a line per attempt, words between tabs. */
export function offlineTable(attempts: readonly Attempt[]): string {
  const rows = attempts.map(({ block, zones, result, seconds, migrated, failed }) =>
    [block, zones, result, seconds.toFixed(2), migrated, failed, `before-${block}`].join('\t'),
  );
  return `${['block\tzones\tresult\tseconds\tmigrated\tfailed\tcapture', ...rows].join('\n')}\n`;
}
