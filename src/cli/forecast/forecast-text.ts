import type {
  BlockForecast,
  NeedForecast,
  NotKnowable,
  OfflineOrder,
  RoomForecast,
  TogetherForecast,
  Verdict,
} from '../../forecast/index.js';
import { formatBytes, formatPages } from '../../mm/units.js';
import type { Palette } from '../palette.js';
import { formatBlocks } from '../parse-blocks.js';
import { table } from '../tables.js';
import { countOf, formatCount, wrap } from '../wording.js';
import type { ForecastReport } from './forecast-json.js';
import { ownerText, reasonLines, reasonsTogether } from './forecast-reasons.js';

const WIDTH = 80;
/** Rows of the table; --json lists all. */
const ROWS_MAX = 64;
/** So few blocks are told about one by one. */
const DETAILED_MAX = 2;
/** Owners of a block that a text names. */
const OWNERS_NAMED = 4;

const WORDS: Readonly<Record<Verdict, string>> = {
  'will-go': 'will go',
  'will-not-go': 'will not go',
  'cannot-know': 'cannot know',
};
const MARKS: Readonly<Record<Verdict, string>> = { 'will-go': '✓', 'will-not-go': '✗', 'cannot-know': '?' };

function verdictText(verdict: Verdict, palette: Palette): string {
  const text = `${MARKS[verdict]} ${WORDS[verdict]}`;
  return verdict === 'will-go' ? palette.good(text) : verdict === 'will-not-go' ? palette.bad(text) : text;
}

export function forecastText(report: ForecastReport, palette: Palette): string[] {
  const { forecast, need, isSelected } = report;
  const { blocks, together, notKnowable, notOnline } = forecast;
  const lines = [headline(report, palette), ''];
  if (isSelected && blocks.length <= DETAILED_MAX) for (const block of blocks) lines.push(...detailsOf(block, palette));
  else {
    lines.push(blockTable(blocks, palette), '');
    lines.push(...whyLines(blocks, palette));
  }
  if (notOnline.length > 0) {
    const numbers = formatBlocks(notOnline.map(({ block }) => block));
    const text = `Not online, and so not asked about: ${numbers.replaceAll(',', ', ')}`;
    lines.push(palette.dim(`  ${wrap(text, WIDTH - 2, '  ')}`), '');
  }
  if (isSelected && together !== null) lines.push(...togetherLines(together, palette));
  if (need !== null) lines.push(...needLines(need, palette));
  return [...lines, ...unseenLines(notKnowable, palette), ...caveatLines(report, palette)].slice(0, -1);
}

/** What the machine's own files leave open. */
function caveatLines({ open: { caveats } }: ForecastReport, palette: Palette): string[] {
  if (caveats.length === 0) return [];
  const lines = caveats.map((caveat) => `  ! ${wrap(caveat, WIDTH - 4, '    ')}`);
  return [palette.bold('What was inferred or is missing'), ...lines, ''];
}

function headline({ open, kernel, forecast: { blocks, blockPages } }: ForecastReport, palette: Palette): string {
  const name = `${open.host.name}${kernel === null ? '' : ` (Linux ${kernel})`}`;
  const of = (verdict: Verdict) => blocks.filter((block) => block.verdict === verdict).length;
  const size = formatPages(of('will-go') * blockPages);
  const counts = `${of('will-go')} will go (${size}), ${of('will-not-go')} will not, ${of('cannot-know')} cannot be known`;
  const asked = `${countOf(blocks.length, 'block')} of ${formatPages(blockPages)}`;
  return palette.bold(wrap(`${name}: of ${asked}, ${counts}.`, WIDTH));
}

function blockTable(blocks: readonly BlockForecast[], palette: Palette): string {
  const rows = blocks.slice(0, ROWS_MAX).map(({ block, zones, pagesToMove, verdict, reasons }) => {
    const deciding = reasons.filter(({ decides }) => decides !== null);
    const named = deciding
      .slice(0, 2)
      .map(({ reason, pages }) => (pages === 0 ? reason : `${formatCount(pages)} ${reason}`));
    const rest = deciding.length - named.length;
    return [
      `${block}`,
      zones.join(' ') || 'none',
      formatCount(pagesToMove),
      verdictText(verdict, palette),
      `${named.join(', ')}${rest > 0 ? ` +${rest}` : ''}`,
    ];
  });
  const text = table(
    palette,
    [
      ['block', 'right'],
      ['zone', 'left'],
      ['to move', 'right'],
      ['verdict', 'left'],
      ['because', 'left'],
    ],
    rows,
  );
  const more = blocks.length - rows.length;
  return more > 0 ? `${text}\n${palette.dim(`  … ${countOf(more, 'more block')}; --json lists them all`)}` : text;
}

/** What keeps blocks, all blocks together: a machine with many has the same few reasons many times. */
function whyLines(blocks: readonly BlockForecast[], palette: Palette): string[] {
  const found = reasonsTogether(blocks);
  if (found.length === 0) return [];
  return [palette.bold('What keeps them'), ...found.flatMap((reason) => reasonLines(reason, palette)), ''];
}

function detailsOf(forecast: BlockForecast, palette: Palette): string[] {
  const { block, verdict, zones, pagesToMove, bytesToMove, reasons, extraReferences, room, waitingHelps, owners } =
    forecast;
  const lines = [
    `${verdictText(verdict, palette)}: ${palette.bold(`block ${block}`)}, zone ${zones.join(' ') || 'none'}`,
  ];
  lines.push(...reasons.flatMap((reason) => reasonLines({ ...reason, blocks: [block] }, palette)));
  if (verdict !== 'will-go') lines.push(`  ${waitingHelps ? 'Waiting may help.' : 'Waiting does not help.'}`);
  lines.push(
    `  It would cost ${countOf(pagesToMove, 'page')} to move (${formatBytes(bytesToMove)}). ${roomText(room)}`,
  );
  if (owners.length > 0) {
    const named = owners.slice(0, OWNERS_NAMED).map((owner) => `${ownerText(owner)}: ${countOf(owner.pages, 'page')}`);
    lines.push(`  ${wrap(`Whose: ${named.join('; ')}.`, WIDTH - 4, '    ')}`);
  }
  const { evidenceFor, evidenceAgainst } = extraReferences;
  for (const [title, evidence] of [
    ['For extra references', evidenceFor],
    ['Against extra references', evidenceAgainst],
  ] as const)
    for (const each of evidence) lines.push(`  ${wrap(`${title}: ${each}.`, WIDTH - 4, '    ')}`);
  return [...lines, ''];
}

function roomText({ free, missing }: RoomForecast): string {
  return missing === 0
    ? `Free elsewhere: ${formatPages(free)}.`
    : `Free elsewhere: ${formatPages(free)}, ${formatPages(missing)} too little.`;
}

function togetherLines(
  { verdict, because, pagesToMove, blocks, order, room }: TogetherForecast,
  palette: Palette,
): string[] {
  return [
    palette.bold(`All ${blocks.length} together`),
    `  ${verdictText(verdict, palette)}: ${wrap(`${because}.`, WIDTH - 16, '    ')}`,
    `  ${countOf(pagesToMove, 'page')} to move (${formatPages(pagesToMove)}). ${roomText(room)}`,
    ...orderLines(order),
    '',
  ];
}

function needLines(
  { because, enough, blocks, pagesToMove, order, pagesFreeAfter }: NeedForecast,
  palette: Palette,
): string[] {
  const lines = [
    palette.bold('The cheapest set'),
    `  ${enough ? palette.good('✓') : palette.bad('✗')} ${wrap(`${because}.`, WIDTH - 4, '    ')}`,
  ];
  if (blocks.length === 0) return [...lines, ''];
  const cost = `blocks ${formatBlocks(blocks).replaceAll(',', ', ')}: ${countOf(pagesToMove, 'page')} to move (${formatPages(pagesToMove)}), and ${formatPages(pagesFreeAfter)} stay free.`;
  return [...lines, `  ${wrap(cost, WIDTH - 2, '    ')}`, ...orderLines(order), ''];
}

function orderLines({ blocks, pagesCopied, pagesCopiedAscending, pagesCopiedDescending }: OfflineOrder): string[] {
  if (blocks.length < 2) return [];
  const shown = blocks.slice(0, ROWS_MAX);
  const rest = blocks.length - shown.length;
  const text =
    `One by one, in this order: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}; about ` +
    `${formatCount(pagesCopied)} copies (${formatCount(pagesCopiedAscending)} upwards, ` +
    `${formatCount(pagesCopiedDescending)} downwards).`;
  return [`  ${wrap(text, WIDTH - 2, '    ')}`];
}

function unseenLines({ because, whatWouldShow }: NotKnowable, palette: Palette): string[] {
  if (whatWouldShow.length === 0) return [];
  return [
    palette.bold('What cannot be seen from outside'),
    `  ${wrap(`${because[0]!.toUpperCase()}${because.slice(1)}.`, WIDTH - 2, '  ')}`,
    '  What would show them:',
    ...whatWouldShow.map((each) => `  - ${wrap(each, WIDTH - 4, '    ')}`),
    '',
  ];
}
