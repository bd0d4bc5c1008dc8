import { type CaptureStep, captureHost, type HostCapture } from '../../linux/capture/capture-host.js';
import { formatBytes } from '../../mm/units.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { treeOf } from '../host-tree.js';
import { Interrupted } from '../interrupts.js';
import { countOf, formatCount, wrap } from '../wording.js';

export interface CaptureOptions {
  readonly out: string;
  readonly root?: string;
  readonly owners?: boolean;
  readonly readers?: 1 | 2;
  readonly force?: boolean;
  readonly json?: boolean;
}

const REMOVING = 'removing what was written';

/** `vacate capture`: what this host says of itself, into a directory. */
export async function capture(context: Context, options: CaptureOptions): Promise<number> {
  const { out, owners, readers, force, json } = options;
  const { interrupts, progress } = context;
  const { signal } = interrupts;
  const since = performance.now();
  const onProgress = (step: CaptureStep) => progress.update(step);
  const take = () => captureHost(treeOf(options.root), { out, owners, readers, force, signal, onProgress });
  const taken = await interrupts.whileAtStake(REMOVING, take).catch((cause: unknown) => {
    if (signal.aborted) throw new Interrupted('no capture was left');
    throw cause;
  });
  const seconds = (performance.now() - since) / 1000;
  if (json === true) printJson(context, { command: 'capture', out, ...taken, seconds: Number(seconds.toFixed(3)) });
  else context.print(captureText(out, taken, seconds).join('\n'));
  return EXIT_DONE;
}

function captureText(out: string, taken: HostCapture, seconds: number): string[] {
  const { kernel, pages, readers, files, consistency, owners, notes } = taken;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const head =
    `${out}: ${countOf(pages, 'page')}${kernel === null ? '' : ` of Linux ${kernel}`}, read in ` +
    `${taken.seconds.toFixed(1)} s by ${countOf(readers, 'reader')} (${rate(pages, taken.seconds)}), ` +
    `${countOf(files.length, 'file')}, ${formatBytes(bytes)}, ${seconds.toFixed(1)} s in all.`;
  return [
    wrap(head, 80),
    ...(consistency === null ? [] : [wrap(consistency.sentence, 80)]),
    ...(owners === null
      ? []
      : [`${countOf(owners.pages, 'page')} of them mapped by ${formatCount(owners.processes)} processes.`]),
    ...notes.map((note) => `  ! ${wrap(note, 76, '    ')}`),
  ];
}

function rate(pages: number, seconds: number): string {
  return `${formatCount(Math.round(pages / Math.max(seconds, 0.001) / 1000) * 1000)} pages/s`;
}
