import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { RecordingHeader } from '../../recording/records.js';
import { captureDigest } from '../capture-digest.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.js';
import { Interrupted } from '../interrupts.js';
import { readable } from '../open-machine.js';
import { machinePath } from '../shipped-scenarios.js';
import { RecordingSource } from './recording-source.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const COMMANDS = ['demo', 'offline', 'high-order'];
/** What a recording may ask for: a file from anybody must not name code, or write anywhere. */
const VALUED = ['--dimm', '--blocks', '--range', '--strategy', '--order', '--count', '--seed', '--threads'];

/** Runs a recorded run again, from its scenario and its seed or from its capture, and compares what both came to. */
export async function verifyRun(context: Context, source: RecordingSource, json: boolean): Promise<number> {
  const { header, end } = source.replay;
  if (header === null || end === null)
    throw new VacateError('recording', 'the recording has no end to compare with: the run goes on, or was cut off');
  source.replay.seekFraction(1);
  const replayed = source.replay.hash();
  const again = await runAgain(context, commandOf(header));
  const isSame = replayed === end.hash && again === end.hash;
  if (json) printJson(context, { command: 'replay', file: source.path, isSame, recorded: end.hash, replayed, again });
  else {
    const { palette } = context;
    const mark = isSame ? palette.good('✓') : palette.bad('✗');
    const gist = isSame ? 'The same run again' : 'Another run';
    context.print(`${mark} ${palette.bold(gist)}: recorded ${end.hash}, replayed ${replayed}, run again ${again}.`);
  }
  return isSame ? EXIT_DONE : EXIT_REFUSED;
}

/**
 * The command line that does the run again.
 *
 * @throws VacateError kind 'recording' if it cannot be done again, or says more than such a run needs.
 */
export function commandOf({ command, machine, seed }: RecordingHeader): string[] {
  const isCapture = machine.source === 'capture' && machine.digest !== undefined;
  if (!isCapture && (machine.source !== 'scenario' || seed === null))
    throw new VacateError(
      'recording',
      'only a run on a scenario or a capture can be run again; this was one on a machine that is not what it was',
    );
  const [name = '', ...words] = command;
  if (name === 'soak')
    throw new VacateError('recording', 'threads of a soak never meet alike, so no other run comes to the same pages');
  if (!COMMANDS.includes(name)) throw unrepeatable(name);
  const kept: string[] = [name];
  let machines = name === 'demo' ? 1 : 0;
  for (let at = 0; at < words.length; at++) {
    const [option = '', value] = words[at]!.split(/=(.*)/s, 2);
    if (!option.startsWith('-')) {
      if (machines++ > 0 || !(isCapture || /\.ya?ml$/i.test(machinePath(option)))) throw unrepeatable(option);
      if (isCapture) checkCapture(words[at]!, machine.digest);
      kept.push(words[at]!);
    } else if (VALUED.includes(option)) {
      const given = value ?? words[++at] ?? '';
      if (option !== '--seed') kept.push(`${option}=${given}`);
    } else if (option === '--record') {
      if (value === undefined) at++;
    } else if (!['--json', '--no-color', '--ascii'].includes(option)) throw unrepeatable(option);
  }
  return seed === null ? kept : [...kept, `--seed=${seed}`];
}

/** @throws VacateError kind 'recording' if the capture that a run was on is not there, or is not what it was. */
function checkCapture(directory: string, digest: string | undefined): void {
  if (readable(directory, () => statSync(directory, { throwIfNoEntry: false }))?.isDirectory() !== true)
    throw new VacateError(
      'recording',
      `the capture ${quoted(directory)} is not there; run --verify where the run was recorded, beside the capture`,
    );
  if (captureDigest(directory) !== digest)
    throw new VacateError(
      'recording',
      `the capture ${quoted(directory)} is another one than the run was on; put back the one of that time`,
    );
}

function unrepeatable(word: string): VacateError {
  return new VacateError(
    'recording',
    `the recorded command has ${JSON.stringify(word)}, which --verify does not run for a file; run the command yourself with --record, and compare`,
  );
}

/** The hash of what the command comes to when it is run here and now. */
async function runAgain(context: Context, command: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-verify-'));
  try {
    const path = join(folder, 'again.run');
    const said = await runCommand(context, [...command, `--record=${path}`]);
    let again: RecordingSource;
    try {
      again = new RecordingSource(path);
    } catch (cause) {
      throw new VacateError('recording', `the command could not be run again here: ${said}`, { cause });
    }
    try {
      await again.read(context);
    } finally {
      again.close();
    }
    if (again.replay.end === null)
      throw new VacateError('recording', `the run broke off when it was run again: ${said}`);
    return again.replay.end.hash;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What it said on standard error. */
function runCommand({ interrupts, progress }: Context, command: readonly string[]): Promise<string> {
  progress.update({ label: 'running it again', done: 0, total: 1, unit: null });
  const child = spawn(process.execPath, [MAIN, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: interrupts.signal,
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said = (said + data.toString()).slice(-1000);
    });
    child.on('error', (error) =>
      reject(interrupts.interrupted ? new Interrupted('the run that was to be compared was ended') : error),
    );
    child.on('close', () => {
      progress.stop();
      resolve(said.replace(/^vacate: /gm, '').trim() || 'it said nothing');
    });
  });
}
