import { printable } from '../../base/quoted.js';
import { formatBytes, PAGE_SIZE } from '../../mm/units.js';
import type { NodeHighOrder, ShardedHighOrder } from '../../shards/high-order-result.js';
import type { NodeOffline, ShardedOffline } from '../../shards/sharded-offline.js';
import { verifiedText } from '../account-text.js';
import type { Palette } from '../palette.js';
import { refusalText } from '../refusal-text.js';
import { type Align, table } from '../tables.js';
import { formatCount, formatNs, wrap } from '../wording.js';
import type { DoneOnNodes } from './on-nodes.js';

type Cost = DoneOnNodes<ShardedHighOrder | ShardedOffline>;

const WIDTH = 80;

/** A line a node: what was asked of it, what it did. */
export function nodesTable(nodes: readonly (NodeHighOrder | NodeOffline)[], palette: Palette): string {
  const columns: [string, Align][] = [
    ['node', 'left'],
    ['asked', 'right'],
    ['made', 'right'],
    ['pages moved', 'right'],
    ['CPU time', 'right'],
  ];
  const rows = nodes.map((node) => {
    const { name, pagesMigrated, cpuMs, lost } = node;
    const cost = [formatCount(pagesMigrated), cpuMs === null ? 'not known' : `${cpuMs.toFixed(0)} ms`];
    const [asked, made] = 'made' in node ? [countOrAll(node.asked), formatCount(node.made)] : ['', ''];
    return [printable(name), asked, made, ...(lost === null ? cost : ['lost', 'lost'])];
  });
  const isOfOrders = nodes.some((node) => 'made' in node);
  const kept = columns.map(([title]) => isOfOrders || (title !== 'asked' && title !== 'made'));
  return table(
    palette,
    columns.filter((_, at) => kept[at]),
    rows.map((row) => row.filter((_, at) => kept[at])),
  );
}

function countOrAll(count: number | 'all'): string {
  return count === 'all' ? count : formatCount(count);
}

/** What every job on several nodes ends with. */
export function closingText(done: Cost, refusals: Parameters<typeof refusalText>[0], palette: Palette): string[] {
  const lines: string[] = [];
  for (const { name, lost } of done.result.nodes) {
    if (lost === null) continue;
    const sentence = `${name} is lost: ${lost}. This is a bug in vacate or in a plugin; please report it.`;
    lines.push(`${palette.bad('✗')} ${wrap(printable(sentence), WIDTH - 2, '  ')}`, '');
  }
  if (refusals.length > 0) lines.push(palette.bold('Why not'), ...refusalText(refusals, palette), '');
  if (done.result.pagesMigrated > 0) lines.push(palette.bold('What it cost'), costText(done, palette), '');
  return [...lines, verifiedText(done.contents, palette)];
}

function costText({ result, wallMs }: Cost, palette: Palette): string {
  const { pagesMigrated, pagesReclaimed, pagesRetried, virtualNs, cpuMs } = result;
  const rows = [
    ['pages moved', `${formatCount(pagesMigrated)}, each within its node`],
    ['bytes copied', formatBytes(pagesMigrated * PAGE_SIZE)],
    ...(pagesReclaimed === 0
      ? []
      : [['pages reclaimed', `${formatCount(pagesReclaimed)}, dropped or swapped out to make room`]]),
    ['retries', `${formatCount(pagesRetried)} of single pages`],
    ['virtual time', `${formatNs(virtualNs)} on the clock of the node that took longest`],
    ['real time', `${wallMs.toFixed(0)} ms to simulate it`],
    ...(cpuMs === null ? [] : [['CPU time', `${cpuMs.toFixed(0)} ms, of all threads`]]),
  ];
  return table(
    palette,
    [
      ['', 'left'],
      ['', 'left'],
    ],
    rows,
  );
}

/** The part of a report that every job on several nodes has; the same for any number of threads. */
export function nodesJson({ result, contents }: Cost) {
  const { pagesMigrated, pagesReclaimed, pagesRetried, virtualNs, nodes } = result;
  return {
    pagesMigrated,
    bytesMigrated: pagesMigrated * PAGE_SIZE,
    pagesReclaimed,
    pagesRetried,
    virtualNs,
    contentsVerified: { pages: contents.pages, wrong: contents.wrong, firstWrong: contents.firstWrong },
    nodes: nodes.map(({ cpuMs: _ours, ...node }) => node),
  };
}
