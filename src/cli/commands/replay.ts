import { VacateError } from '../../base/vacate-error.js';
import { formatPfn, type Pfn } from '../../mm/units.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { RecordingSource } from '../replay/recording-source.js';
import { pageJson, replayJson } from '../replay/replay-json.js';
import { goTo, type Place } from '../replay/replay-options.js';
import { pageText, replayText } from '../replay/replay-text.js';
import { rangeEventText, timeText } from '../replay/replay-words.js';

export interface ReplayOptions {
  readonly at?: Place;
  readonly pfn?: Pfn;
  readonly follow?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** `vacate replay`: what a recorded run was, how memory stood at any moment of it, and why a page moved or refused. */
export async function replay(context: Context, path: string, options: ReplayOptions): Promise<number> {
  const { at, pfn, follow = false, verify = false, json = false } = options;
  if (verify && (at !== undefined || pfn !== undefined || follow))
    throw new VacateError('usage', '--verify looks at the end of a run; leave out --at, --pfn and --follow');
  const source = new RecordingSource(path);
  try {
    if (follow) await source.follow(context, json ? () => {} : listing(context, source));
    else await source.read(context);
    if (verify) return await (await import('../replay/verify.js')).verifyRun(context, source, json);
    const isPlain = at === undefined && pfn === undefined && !follow && !json;
    if (isPlain && context.isWatched && process.stdin.isTTY === true && source.replay.isReady) {
      const { Player } = await import('../replay/player.js');
      return await new Player(context, source).run();
    }
    if (at === undefined) source.replay.seekFraction(1);
    else goTo(source.replay, at);
    if (pfn !== undefined) return showPage(context, source, pfn, json);
    if (json) printJson(context, replayJson(source));
    else context.print(replayText(source, context.palette).join('\n'));
    return EXIT_DONE;
  } finally {
    source.close();
  }
}

function showPage(context: Context, source: RecordingSource, pfn: Pfn, json: boolean): number {
  const { replay: run } = source;
  const { header } = run;
  if (header === null || !run.isReady || pfn >= header.machine.nrPfns)
    throw new VacateError(
      'range',
      `the recording has no page ${formatPfn(pfn)}; its machine has ${run.pages.length} pages`,
    );
  if (json) printJson(context, pageJson(source, pfn));
  else context.print(pageText(run, pfn, context.palette).join('\n'));
  return EXIT_DONE;
}

/** Prints range events as they come. */
function listing(context: Context, { replay: run }: RecordingSource): () => void {
  let told = 0;
  return () => {
    for (const { ms, pageEvents, event } of run.rangeEvents.slice(told)) {
      told++;
      context.print(`${timeText(ms).padStart(10)}  ${String(pageEvents).padStart(10)}  ${rangeEventText(event)}`);
    }
  };
}
