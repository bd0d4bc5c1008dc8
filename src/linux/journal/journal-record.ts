import type { BlockId } from '../../mm/units.js';
import type { ProcessIdentity } from '../hotplug/process-identity.js';

/** What a block was before a write. */
export interface StateBefore {
  readonly state: 'online' | 'offline';
  /** Its one zone if it was online and the kernel said so. */
  readonly zone: string | null;
}

/**
 * A line of the journal. Every write has two: what is about to be written, which is on disk before the kernel hears of
 * it, and what came of it. A run without an `end` was killed.
 */
export type JournalRecord =
  | {
      readonly kind: 'begin';
      readonly run: string;
      readonly command: string;
      /** boot_id of the kernel: what was true before a restart says nothing about the machine after it. */
      readonly boot: string | null;
      readonly process: ProcessIdentity;
    }
  | {
      readonly kind: 'write';
      readonly run: string;
      /** From 1, within the run. */
      readonly nr: number;
      /** As the host names it, for people; recovery makes its own from `block`. */
      readonly path: string;
      readonly word: string;
      /** Null if the write is about no memory block. */
      readonly block: BlockId | null;
      readonly before: StateBefore | null;
      /** Who writes; null if the writing process is the run's own. */
      readonly writer: ProcessIdentity | null;
    }
  | {
      readonly kind: 'wrote';
      readonly run: string;
      readonly nr: number;
      /** The errno by name; null if the kernel did it. */
      readonly error: string | null;
    }
  | { readonly kind: 'end'; readonly run: string; readonly outcome: string }
  /** The line before this one was cut short when its writer died. */
  | { readonly kind: 'torn' };

/** How a run is called: when it began, and its pid. */
const RUN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-\d{1,10}$/;
const BOOT = /^[0-9a-f-]{36}$/;
const NAME = /^[A-Za-z0-9_-]{1,40}$/;
const PATH = /^\/[A-Za-z0-9_:./-]{1,200}$/;
const NUMBER_MAX = 2 ** 40;

/** A line as a record; null if it is none of ours, down to the last field. */
export function parseRecord(line: string): JournalRecord | null {
  try {
    const record: unknown = JSON.parse(line);
    return isRecord(record) ? record : null;
  } catch {
    return null;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JournalRecord {
  if (!isObject(value)) return false;
  if (value.kind === 'torn') return true;
  if (!matches(value.run, RUN)) return false;
  switch (value.kind) {
    case 'begin':
      return (
        matches(value.command, NAME) && orNull(value.boot, (boot) => matches(boot, BOOT)) && isProcess(value.process)
      );
    case 'write':
      return isWrite(value);
    case 'wrote':
      return isNumber(value.nr) && orNull(value.error, (error) => matches(error, NAME));
    case 'end':
      return matches(value.outcome, NAME);
    default:
      return false;
  }
}

function isWrite({ nr, path, word, block, before, writer }: Fields): boolean {
  return (
    isNumber(nr) &&
    matches(path, PATH) &&
    matches(word, NAME) &&
    orNull(block, isNumber) &&
    orNull(before, isStateBefore) &&
    orNull(writer, isProcess)
  );
}

function isStateBefore(value: unknown): boolean {
  if (!isObject(value)) return false;
  return (value.state === 'online' || value.state === 'offline') && orNull(value.zone, (zone) => matches(zone, NAME));
}

function isProcess(value: unknown): boolean {
  return isObject(value) && isNumber(value.pid) && value.pid > 1 && isNumber(value.startTicks);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= NUMBER_MAX;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function orNull(value: unknown, test: (value: unknown) => boolean): boolean {
  return value === null || test(value);
}
