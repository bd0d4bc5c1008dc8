import { createJudge } from '../../container/create-judge.js';
import { Forecaster, kernelSaid, type Verdict } from '../../forecast/index.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_PARTIAL, EXIT_REFUSED } from '../exit-codes.js';
import { type ForecastReport, forecastJson } from '../forecast/forecast-json.js';
import { ownersOf } from '../forecast/forecast-owners.js';
import { forecastText } from '../forecast/forecast-text.js';
import { openToLook } from '../open-to-look.js';
import { loadPageTypes } from '../page-types.js';
import { checkSelection, type Selection, selectBlocks } from '../select-blocks.js';

export interface ForecastOptions extends Selection {
  /** Bytes. */
  readonly need?: number;
  /** On a live host: ask all processes what they have. */
  readonly owners?: boolean;
  readonly root?: string;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly seed?: number;
  readonly json?: boolean;
}

/** `vacate forecast`: for each memory block, would it go, and if not, what keeps it. Changes nothing. */
export async function forecast(context: Context, machineName: string, options: ForecastOptions): Promise<number> {
  const isSelected = [options.dimm, options.blocks, options.range].some((way) => way !== undefined);
  if (isSelected) checkSelection(options);
  const plugins = await loadPageTypes(options);
  // A handler that somebody brings along may tell pages apart that look alike.
  const isShipped = options.plugin.length === 0;
  const { seed, root } = options;
  const open = await openToLook(machineName, { ...context, seed, root, mapcounts: !isShipped });
  const { host, image, book, captured } = open;
  const said = captured === null ? null : kernelSaid(captured.image, captured.files);
  const owners = await ownersOf(context, open, options.owners === true);
  const service = createJudge(host, plugins);
  const selected = isSelected ? { blocks: selectBlocks(book, options) } : {};
  const { progress, interrupts } = context;
  const alike = isShipped ? image : null;
  if (alike === null) image?.show({ start: 0, end: host.layout.nrPfns });
  const onBlock = (done: number, total: number) => progress.update({ label: 'asking', done, total, unit: 'blocks' });
  const report = interrupts.whileNothingIsAtStake((): ForecastReport => {
    const forecaster = new Forecaster(service, { ...selected, said, owners, alike, onBlock });
    const found = forecaster.all();
    const need = options.need === undefined ? null : forecaster.need(found, options.need);
    return { open, kernel: captured?.image.kernel ?? null, isSelected, forecast: found, need };
  });
  progress.stop();
  await interrupts.breathe();
  if (options.json === true) printJson(context, forecastJson(report));
  else context.print(forecastText(report, context.palette).join('\n'));
  return exitCodeOf(report);
}

const BY_VERDICT: Readonly<Record<Verdict, number>> = {
  'will-go': EXIT_DONE,
  'will-not-go': EXIT_REFUSED,
  'cannot-know': EXIT_PARTIAL,
};

/** Who asks for certain memory learns by the exit code whether it can be had; an overview has nothing to refuse. */
function exitCodeOf({ need, isSelected, forecast: { blocks, together } }: ForecastReport): number {
  if (need !== null) return need.enough ? EXIT_DONE : EXIT_REFUSED;
  const verdict = together?.verdict ?? blocks[0]?.verdict;
  return isSelected && verdict !== undefined ? BY_VERDICT[verdict] : EXIT_DONE;
}
