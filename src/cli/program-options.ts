import { Option } from 'commander';
import { COLOURINGS } from '../picture/colourings.js';
import {
  collect,
  once,
  parseNodeThreads,
  parsePluginTimeLimit,
  parseSeed,
  parseStall,
  parseTimeout,
} from './options.js';
import { wrap } from './wording.js';

/*
 * What several commands have: options under one name with one meaning, and the parts of help that look the same.
 */

export const MACHINE =
  'a scenario file (*.yaml) or the name of a shipped one, a capture directory, or "live" for this host';

export function examples(lines: readonly string[], after = ''): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n${after}`;
}

/** Takes the exit code of a command. */
export type End = (exitCode: number) => void;

export const RANGE_HELP = `
A range is A-B in physical addresses (0x100000000-0x120000000) or in page frame
numbers (pfn:0x100000-pfn:0x120000). A is included, B is not; a B that is the
last byte or page of a block, as /proc/iomem prints it, is understood too.
`;

export const json = () => new Option('--json', 'print data for programs instead of text');
export const seed = () =>
  new Option('--seed <number>', "seed of chance in a scenario, instead of the file's own").argParser(parseSeed);
export const strategy = () => new Option('--strategy <name>', 'how it is done, see below');
export const timeout = () =>
  new Option('--timeout <time>', 'stop after this time (30s, 500ms, 2m) and put everything back').argParser(
    parseTimeout,
  );
export const stall = () =>
  new Option('--stall <time>', 'live: stop when no page has left a block for so long (10s)').argParser(parseStall);
export const watch = () =>
  new Option('--watch', 'show the map from the start, slowly; by itself it shows when a run takes long');
export const noWatch = () => new Option('--no-watch', 'a line of progress instead of the map');
export const html = () =>
  new Option('--html <file>', 'also a report as one page, with maps and charts; it replaces one of vacate');
export const map = () => new Option('--map <by>', 'what the colours of the map stand for').choices([...COLOURINGS]);
export const threads = () =>
  new Option('--threads <number>', 'scenario: each node for itself, so many at a time').argParser(parseNodeThreads);
export const record = () =>
  new Option('--record <file>', 'write the run down in this file, for vacate replay').argParser(once('--record'));
export const RECORD_HELP = `
With --record the whole run can be looked at afterwards, or meanwhile: vacate
replay. A recorded run that is there is replaced, any other file is not. Of a
run on "live" it has what can be seen from outside: states of blocks, pages left
in them, the kernel's counters and the pages that its log names.
`;
export const THREADS_HELP = `
With --threads each node of a scenario is a machine of its own, and pages stay
in their node: large machines on several cores. Results are the same for any
number of threads.
`;
export const journal = () =>
  new Option('--journal <file>', 'where writes are noted; /var/lib/vacate/journal by default');
export const plugin = () =>
  new Option('--plugin <module>', 'one more page type, asked after the shipped ones of its order; may be repeated')
    .argParser(collect)
    .default([], 'none');

export const pluginTimeLimit = () =>
  new Option('--plugin-time-limit <time>', 'a plugin that takes longer for one step (2s) is stopped').argParser(
    parsePluginTimeLimit,
  );

export const strategyModule = () =>
  new Option('--strategy-module <module>', 'a strategy of your own, for --strategy to name; may be repeated')
    .argParser(collect)
    .default([], 'none');

export function strategiesHelp(names: readonly string[] | undefined): string {
  if (names === undefined) return '\nStrategies: vacate strategies names them\n';
  const [byDefault, ...others] = names;
  const listed = [`${byDefault} (default)`, ...others].join(', ');
  return `\nStrategies: ${wrap(listed, 68, '  ')}\n  (vacate strategies says what each does)\n`;
}

export const root = () =>
  new Option('--root <folder>', '"live" is the host whose /proc and /sys were copied below this folder');
