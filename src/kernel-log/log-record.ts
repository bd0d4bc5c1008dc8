import { expectArgument } from '../base/arguments.js';

/** One line of the kernel's log. */
export interface LogRecord {
  /** Seconds since boot; null where the log was printed without them, or with the time of day. */
  readonly seconds: number | null;
  /** "T123" for a task, "C1" for a CPU, where the kernel says who spoke (CONFIG_PRINTK_CALLER); else null. */
  readonly caller: string | null;
  /** The message, without what stands before it. */
  readonly text: string;
}

/** A record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): priority, sequence, microseconds, flags; then the text. */
const KMSG = /^\d{1,10},(\d{1,20}),(\d{1,20}),([^;,]{1,8})(?:,caller=([TC]\d{1,10}))?[^;]{0,200};(.*)$/;

/** What tools print before a message that has no time of the kernel's own: levels, dates, hosts. */
const TOOL_PREFIXES: readonly RegExp[] = [
  /^<\d{1,3}>/, // dmesg --raw, /proc/kmsg
  /^(?:kern|user|daemon|syslog) *:[a-z]{1,8} *: /, // dmesg --decode
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \S{1,255} kernel: /, // syslog, journalctl
  /^\d{4}-\d\d-\d\dT[\d:.,+Z-]{8,32} (?:\S{1,255} kernel: )?/, // journalctl -o short-iso, dmesg --time-format iso
  /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] /, // dmesg --ctime
];
/** "[   17.540363] ", also with the time since the line before, as dmesg --show-delta prints it. */
const SECONDS = /^\[ {0,11}(\d{1,12})\.(\d{1,9})(?: <[ \d.+-]{1,20}>)?\] ?/;
const CALLER = /^\[ {0,11}([TC]\d{1,10})\] ?/;
/** The only message that is understood although nothing says that its line is whole. */
const LAST_LINE = /page dumped because: (?:unmovable page|migration failure|isolation failed)$/;

/**
 * The lines of a log: of dmesg with or without times and levels, of journalctl, or records of /dev/kmsg. A last line
 * without an end is left out, because numbers in it may be cut.
 */
export function parseKernelLog(log: string): LogRecord[] {
  expectArgument(typeof log === 'string', 'the log', log, 'its text');
  const lines = log.split('\n');
  const last = lines.pop() as string;
  if (LAST_LINE.test(last)) lines.push(last);
  const records: LogRecord[] = [];
  for (const line of lines) {
    // A line that begins with a space gives properties of the record before it, such as its device.
    if (line.startsWith(' SUBSYSTEM=') || line.startsWith(' DEVICE=')) continue;
    const record = parseKmsgLine(line) ?? parsePrintedLine(line);
    if (record.text !== '') records.push(record);
  }
  return records;
}

function parseKmsgLine(line: string): LogRecord | null {
  const match = KMSG.exec(line);
  if (match === null) return null;
  const [, , microseconds = '', , caller = null, text = ''] = match;
  return { seconds: Number(microseconds) / 1e6, caller, text: text.trimEnd() };
}

function parsePrintedLine(line: string): LogRecord {
  let rest = line;
  for (const prefix of TOOL_PREFIXES) rest = rest.replace(prefix, '');
  const time = SECONDS.exec(rest);
  if (time !== null) rest = rest.slice(time[0].length);
  const caller = CALLER.exec(rest);
  if (caller !== null) rest = rest.slice(caller[0].length);
  return {
    seconds: time === null ? null : Number(`${time[1]}.${time[2]}`),
    caller: caller?.[1] ?? null,
    text: rest.trimEnd(),
  };
}
