import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { assert } from '../../base/assert.js';
import { VacateError } from '../../base/vacate-error.js';
import type { Evacuator } from '../../container/create-evacuator.js';
import type { PageType } from '../../handler/define-page-type.js';
import type { Dimm } from '../../mm/memory-block.js';
import { contains } from '../../mm/pfn-range.js';
import { formatPages } from '../../mm/units.js';
import type { Machine } from '../../sim/machine.js';
import { machineSize } from '../../sim/machine-size.js';
import type { OfflineResult, StrategyProgress } from '../../strategies/strategy.js';
import { costText, movedText, verifiedText } from '../account-text.js';
import { BusyReaders } from '../busy-readers.js';
import { type Carried, carryOut } from '../carry-out.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.js';
import { LivePicture } from '../live-picture.js';
import { mapLegend, memoryMap } from '../memory-map.js';
import { machineOfScenario, type OpenMachine } from '../open-machine.js';
import { loadPageTypes } from '../page-types.js';
import { formatBlocks } from '../parse-blocks.js';
import { checkRecord, recordWish } from '../record/record-wish.js';
import { refusalText } from '../refusal-text.js';
import { blocksIn } from '../select-blocks.js';
import { SCENARIOS } from '../shipped-scenarios.js';
import { countOf, formatCount, wrap } from '../wording.js';
import { offlineJson } from './offline.js';

export interface DemoOptions {
  readonly seed?: number;
  readonly json?: boolean;
  /** File in which the run that goes is recorded. */
  readonly record?: string;
}

const GOES = { file: 'two-dimms.yaml', dimm: 'dimm1' };
const REFUSES = { file: 'refusals.yaml', dimm: 'dimm0' };
/** Reads of other CPUs at each pause of the migration. */
const READS_PER_PAUSE = 16;
/** With somebody watching, work and rest take turns, so that the map changes before their eyes for a few seconds. */
const WATCHED_SLICE_MS = 6;
const WATCHED_REST_MS = 20;

/** `vacate demo`: a DIMM of a busy machine goes offline, and one of another machine tells why it does not. */
export async function demo(context: Context, options: DemoOptions): Promise<number> {
  await checkRecord(options.record);
  const pageTypes = await loadPageTypes({ plugin: [] });
  const isText = options.json !== true;
  const goes = await openScenario(context, GOES.file, options);
  const first = await takeOffline(context, goes, pageTypes, dimmOf(goes.machine, GOES.dimm), options);
  const refuses = await openScenario(context, REFUSES.file, options);
  const second = await tellWhyNot(context, refuses, pageTypes, isText);
  if (isText) context.print(nextSteps(context));
  else
    printJson(context, {
      command: 'demo',
      offline: { ...offlineJson(goes.machine, goes.seed, ...first.report), readers: first.readers },
      refused: offlineJson(refuses.machine, refuses.seed, ...second),
    });
  const asMeant = first.report[0].outcome === 'done' && second[0].outcome === 'refused' && first.readers.wrong === 0;
  const wrong = first.report[1].account.contents.wrong + second[1].account.contents.wrong;
  return asMeant && wrong === 0 ? EXIT_DONE : EXIT_REFUSED;
}

type Report = [result: OfflineResult, carried: Carried<OfflineResult>];

async function openScenario(context: Context, file: string, { seed }: DemoOptions): Promise<OpenMachine> {
  let text: string;
  try {
    text = readFileSync(new URL(file, SCENARIOS), 'utf8');
  } catch (cause) {
    throw new VacateError(
      'scenario',
      `the demo's scenario ${file} is missing from this installation; reinstall vacate`,
      { cause },
    );
  }
  const open = await machineOfScenario(text, file, { ...context, seed });
  context.progress.stop();
  await context.interrupts.breathe();
  return open;
}

function dimmOf({ spec }: Machine, name: string): Dimm {
  const dimm = spec.dimms.find((each) => each.name === name);
  assert(dimm !== undefined, `the demo's machine ${spec.name} has a DIMM ${name}`);
  return dimm;
}

async function takeOffline(
  context: Context,
  open: OpenMachine,
  pageTypes: readonly PageType[],
  dimm: Dimm,
  { json, record }: DemoOptions,
) {
  const isText = json !== true;
  const { machine } = open;
  const { palette } = context;
  const map = () => memoryMap(machine, { palette });
  const blocks = blocksIn(machine, dimm);
  const readers = new BusyReaders(machine, dimm.range);
  if (isText) {
    context.print(introduction(context, open));
    context.print([palette.bold('Before'), ...map(), ...mapLegend(machine, { palette }), ''].join('\n'));
    const what = `blocks ${formatBlocks(blocks)}, ${formatPages(blocks.length * machine.spec.blockPages)}`;
    context.print(`${palette.bold(`Taking ${dimm.name} offline`)}: ${what}, while processes go on reading it.\n`);
  }
  const picture = new LivePicture(context);
  const isShown = isText && picture.canShow(map().length + 2);
  const onProgress = (progress: StrategyProgress) =>
    showMove(picture, [palette.bold('Now'), ...map(), palette.dim(statusLine(progress))]);
  const carried = await carryOut(context, {
    machine,
    pageTypes,
    timeoutMs: null,
    frontEnd: 'offline',
    begin: (evacuator) => evacuator.offline({ blocks }),
    onPause: () => readers.read(READS_PER_PAUSE),
    record: recordWish(record, open),
    ...(isShown ? { watch: { sliceMs: WATCHED_SLICE_MS, onProgress } } : {}),
  });
  const result = carried.result as OfflineResult;
  const { reads, waited, wrong } = readers;
  if (isText) {
    picture.finish([palette.bold('After'), ...map(), '']);
    context.print(takenText(context, dimm, [result, carried], readers));
  }
  carried.evacuator.dispose();
  return { report: [result, carried] as Report, readers: { reads, waited, wrong } };
}

function statusLine({ step, done, total }: StrategyProgress): string {
  return step === 'migrating' ? `  ${formatCount(done)} of ${formatCount(total)} pages` : `  ${step}`;
}

async function showMove(picture: LivePicture, lines: readonly string[]): Promise<void> {
  picture.draw(lines);
  await setTimeout(WATCHED_REST_MS);
}

function introduction({ palette }: Context, { machine, seed }: OpenMachine): string {
  const { name, nrCpus, dimms } = machine.spec;
  const { bytesPerPage, pages, contentsBytes } = machineSize(machine);
  const what = `${formatPages(pages)} of memory, ${dimms.length} DIMMs, ${countOf(nrCpus, 'CPU')}, seed ${seed}`;
  const contents = contentsBytes > 0 ? '4 KiB of real contents' : 'contents of its own';
  const how = `each of ${countOf(pages, 'page')} has owner, references, mappings and ${contents}`;
  return [
    `${palette.bold('A simulated machine')}, ${name}: ${what}.`,
    wrap(`It is complete: ${how}, on ${bytesPerPage.toFixed(1)} bytes of state a page.`, 80),
    '',
  ].join('\n');
}

function takenText(context: Context, dimm: Dimm, [result, { account }]: Report, readers: BusyReaders): string {
  const { palette } = context;
  const lines: string[] = [];
  if (result.outcome === 'done')
    lines.push(`${palette.good('✓')} ${palette.bold(`${dimm.name} is offline.`)} Pull it.`, '');
  else
    lines.push(
      `${palette.bad('✗')} ${palette.bold(`${dimm.name} stays.`)}`,
      ...refusalText(result.refusals, palette),
      '',
    );
  lines.push(palette.bold('What moved'), movedText(account, palette), '');
  lines.push(palette.bold('What it cost'), costText(account, palette), '');
  lines.push(
    palette.bold('Nobody noticed'),
    readersText(readers, context),
    verifiedText(account.contents, palette),
    '',
  );
  return lines.join('\n');
}

function readersText({ reads, waited, wrong }: BusyReaders, { palette }: Context): string {
  const sign = wrong === 0 ? palette.good('✓') : palette.bad('✗');
  const text =
    `Processes read ${countOf(reads, 'page')} while their memory moved: ${formatCount(waited)} met a page on its way ` +
    `and waited, ${formatCount(wrong)} read anything but what they had written.`;
  return `${sign} ${wrap(text, 78, '  ')}`;
}

async function tellWhyNot(
  context: Context,
  open: OpenMachine,
  pageTypes: readonly PageType[],
  isText: boolean,
): Promise<Report> {
  const { machine } = open;
  const dimm = dimmOf(machine, REFUSES.dimm);
  const blocks = blocksIn(machine, dimm);
  const carried = await carryOut(context, {
    machine,
    pageTypes,
    timeoutMs: null,
    frontEnd: 'offline',
    begin: (evacuator) => evacuator.offline({ blocks }),
  });
  const result = carried.result as OfflineResult;
  if (isText) context.print(whyNotText(context, open, dimm, [result, carried]));
  carried.evacuator.dispose();
  return [result, carried];
}

function whyNotText(
  { palette }: Context,
  { machine, seed }: OpenMachine,
  dimm: Dimm,
  [result, carried]: Report,
): string {
  const options = { palette, only: [dimm.range], isMarked: refusedBy(carried.evacuator, dimm) };
  const pages = result.refusals.reduce((sum, refusal) => sum + refusal.pages, 0);
  const { contents } = carried.account;
  return [
    `${palette.bold('A DIMM that refuses')}, on another machine (${machine.spec.name}, seed ${seed})`,
    ...memoryMap(machine, options),
    ...mapLegend(machine, options),
    '',
    `${palette.bad('✗')} ${palette.bold(`${dimm.name} stays online`)}: ${countOf(pages, 'page')} refuse, for ${countOf(result.refusals.length, 'reason')}.`,
    '',
    ...refusalText(result.refusals, palette),
    '',
    verifiedText(contents, palette),
    `  ${inVainText(carried.account.pagesMigrated)}`,
    '',
  ].join('\n');
}

function inVainText(moved: number): string {
  if (moved === 0) return 'Every page was asked before the first one moved, so none moved in vain.';
  return `${countOf(moved, 'page')} had moved before the first refusal showed.`;
}

/** Asks every page of the DIMM, not only those that the report names. */
function refusedBy({ service }: Evacuator, { range }: Dimm): (pfn: number) => boolean {
  return (pfn) => contains(range, pfn) && service.judge(pfn) !== 0;
}

function nextSteps({ palette }: Context): string {
  return [
    palette.bold('Go on with'),
    '  vacate inspect two-dimms',
    '  vacate offline two-dimms --dimm 0',
    '  vacate high-order fragmented --order 9 --count 64',
    '  vacate handlers',
  ].join('\n');
}
