import { readFileSync, type Stats, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { codeOf } from '../base/errno.js';
import { VacateError } from '../base/vacate-error.js';
import { CaptureFiles, type CaptureSource, type ReadCaptureOptions, streamCapture } from '../capture/index.js';
import type { LinuxTree } from '../linux/linux-tree.js';
import type { MachineImage } from '../mm/machine-image.js';
import { machineFromImage } from '../sim/from-image.js';
import type { Machine } from '../sim/machine.js';
import type { Interrupts } from './interrupts.js';
import { LIVE, readLive, treeOf } from './open-live.js';
import type { Progress } from './progress.js';
import { nearScenario } from './shipped-scenarios.js';

/** A machine as a command line names it, ready to be worked on. */
export interface OpenMachine {
  readonly machine: Machine;
  readonly source: 'scenario' | 'capture' | 'live';
  /** What chance began with; null where none played. */
  readonly seed: number | null;
  /** What could not be known, in sentences. */
  readonly caveats: readonly string[];
  /** What a real kernel said, and the files in which it did; null for a scenario. */
  readonly captured: Captured | null;
  /** The host itself, for what no capture has; null unless the machine is live. */
  readonly tree: LinuxTree | null;
}

export interface Captured {
  readonly image: MachineImage;
  readonly files: CaptureSource;
}

export interface OpenOptions {
  readonly progress: Progress;
  readonly interrupts: Interrupts;
  readonly seed?: number | undefined;
  /** Where a copy of a host lies that "live" then stands for. */
  readonly root?: string | undefined;
  /** Told what a real kernel said, as soon as that is known: the machine takes three times as long as the reading. */
  readonly onImage?: (image: MachineImage) => void;
}

/** A machine of that many pages takes long enough to build for people to change their mind. */
const LARGE_PAGES = 2 ** 22;
const BYTES_PER_PAGE = 8;
/** kpageflags.gz of a host with a few hundred GiB. */
const LARGE_CAPTURE_BYTES = 4 * 1024 * 1024;
const SCENARIO_EXTENSIONS = ['.yaml', '.yml'];

/**
 * A scenario file, a capture directory, or the host under us ("live"), as a simulated machine.
 *
 * @throws VacateError kind 'usage', 'scenario', 'capture' or 'host'.
 */
export async function openMachine(name: string, options: OpenOptions): Promise<OpenMachine> {
  checkRoot(name, options.root);
  await options.interrupts.breathe();
  const open = await (name === LIVE ? openLive(options) : openNamed(name, options));
  options.progress.stop();
  await options.interrupts.breathe();
  return open;
}

/** @throws VacateError kind 'usage' if there is a root and the machine is not the one that lies below it. */
export function checkRoot(name: string, root: string | undefined): void {
  if (root === undefined || name === LIVE) return;
  throw new VacateError('usage', `--root is for the machine "${LIVE}", not for "${name}"; leave one of them out`);
}

async function openNamed(name: string, options: OpenOptions): Promise<OpenMachine> {
  return checkName(name).isDirectory() ? openCapture(name, options) : openScenario(name, options);
}

async function openLive(options: OpenOptions): Promise<OpenMachine> {
  const tree = treeOf(options.root);
  const captured = await readLive(tree, options);
  options.onImage?.(captured.image);
  const machine = options.interrupts.whileNothingIsAtStake(() => machineOf(captured.image, options));
  return { machine, source: 'live', seed: null, caveats: captured.image.caveats, captured, tree };
}

/** True for a name that `openMachine` takes for a scenario. */
function isScenarioName(name: string): boolean {
  return SCENARIO_EXTENSIONS.includes(extname(name).toLowerCase());
}

/**
 * What a name on the command line stands for, where it must be a file.
 *
 * @throws VacateError kind 'usage' unless it is a scenario file or a directory.
 */
export function checkName(name: string): Stats {
  const fail = (because: string): never => {
    throw new VacateError('usage', because);
  };
  const wanted =
    'name a scenario file (*.yaml) or a shipped one (two-dimms), a capture directory, or "live" for this host';
  if (name === LIVE) return fail('the live host changes all the time; take a capture of it and name that directory');
  const stats = readable(name, () => statSync(name, { throwIfNoEntry: false }));
  if (stats === undefined) return fail(`there is no file or directory "${name}"; ${nearScenario(name) ?? wanted}`);
  if (stats.isDirectory() || (stats.isFile() && isScenarioName(name))) return stats;
  return fail(`"${name}" is neither a scenario nor a capture; ${wanted}`);
}

/** What the file system answers, or a sentence about why it does not. */
export function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const code = codeOf(cause);
    throw new VacateError('usage', `"${name}" cannot be read (${code}); check its name and its permissions`, { cause });
  }
}

async function openCapture(directory: string, options: OpenOptions): Promise<OpenMachine> {
  const captured = await readNamedCapture(directory, options);
  const { image } = captured;
  options.onImage?.(image);
  // The signal that the user sends now, looking at what was told, must not be lost.
  await options.interrupts.breathe();
  const build = () => machineOf(image, options);
  const machine = isLarge(image) ? options.interrupts.whileNothingIsAtStake(build) : build();
  return { machine, source: 'capture', seed: null, caveats: image.caveats, captured, tree: null };
}

function machineOf(image: MachineImage, { progress }: OpenOptions): Machine {
  return machineFromImage(image, (part) =>
    progress.update({ label: 'building the machine', done: part, total: 1, unit: null }),
  );
}

/** What a capture directory says. That of a terabyte takes seconds; a signal ends us meanwhile, as nothing is at stake. */
export async function readNamedCapture(
  directory: string,
  { progress, interrupts }: OpenOptions,
  { mapcounts = true, onFlags }: Pick<ReadCaptureOptions, 'mapcounts' | 'onFlags'> = {},
): Promise<Captured> {
  const files = new CaptureFiles(directory);
  const onProgress = (part: number) =>
    progress.update({ label: 'reading the capture', done: part, total: 1, unit: null });
  // A signal that has come already would be lost when nobody listens any more.
  await interrupts.breathe();
  const read = () => streamCapture(files, { onProgress, mapcounts, ...(onFlags && { onFlags }) });
  const image = await (isLargeCapture(directory) ? interrupts.whileNothingIsAtStake(read) : read());
  return { image, files };
}

function isLargeCapture(directory: string): boolean {
  const sizeOf = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf('kpageflags.gz') > LARGE_CAPTURE_BYTES || sizeOf('kpageflags') > LARGE_PAGES * BYTES_PER_PAGE;
}

function isLarge({ nrPfns }: MachineImage): boolean {
  return nrPfns > LARGE_PAGES;
}

function openScenario(path: string, options: OpenOptions): Promise<OpenMachine> {
  return machineOfScenario(
    readable(path, () => readFileSync(path, 'utf8')),
    path,
    options,
  );
}

/**
 * The machine that a scenario describes; `where` names the text in complaints. A large one takes long, and the user may
 * stop it at any time.
 */
export async function machineOfScenario(text: string, where: string, options: OpenOptions): Promise<OpenMachine> {
  const { progress, interrupts } = options;
  const { buildMachine, parseScenario } = await import('../scenario/index.js'); // a third of all files, for this alone
  const scenario = parseScenario(text, where);
  const seed = options.seed ?? scenario.seed;
  const steps = buildMachine(scenario, { seed });
  for (;;) {
    const step = steps.next();
    if (step.done === true)
      return { machine: step.value, source: 'scenario', seed, caveats: [], captured: null, tree: null };
    progress.update({ label: 'building the machine', done: step.value, total: 1, unit: null });
    await interrupts.breathe();
  }
}
