import type { StateWord } from '../../linux/hotplug/state-words.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { type BlockId, formatBytes } from '../../mm/units.js';
import type { OnlineDone } from '../commands/online.js';
import type { Palette } from '../palette.js';
import { nameBlocks } from '../parse-blocks.js';
import { table } from '../tables.js';
import { countOf } from '../wording.js';
import type { LiveBlocks } from './live-blocks.js';

export interface OnlinePlan extends LiveBlocks {
  readonly machine: string;
  /** Blocks that are offline, ascending, and what would be written to each. */
  readonly orders: ReadonlyArray<{ readonly block: BlockId; readonly word: StateWord }>;
}

export function onlineJson(plan: OnlinePlan, done: OnlineDone | null) {
  const words = new Map(plan.orders.map(({ block, word }) => [block, word]));
  return {
    command: 'online',
    machine: plan.machine,
    outcome: outcomeOf(plan, done),
    committed: done !== null,
    blocks: plan.blocks.map(({ block, state }) => ({
      block,
      stateBefore: BLOCK_STATE_NAMES[state],
      state: done?.states.get(block) ?? BLOCK_STATE_NAMES[state],
      zone: done?.zones.get(block) ?? null,
      word: words.get(block) ?? null,
      error: done?.attempts.find((attempt) => attempt.block === block)?.error ?? null,
      because: done?.attempts.find((attempt) => attempt.block === block)?.problem ?? null,
    })),
    writes: done?.writes ?? [],
  };
}

function outcomeOf({ orders }: OnlinePlan, done: OnlineDone | null): 'planned' | 'done' | 'partial' | 'refused' {
  if (done === null) return 'planned';
  const came = done.attempts.filter(({ error, problem }) => error === null && problem === null).length;
  return came === orders.length ? 'done' : came > 0 ? 'partial' : 'refused';
}

export function onlineText(plan: OnlinePlan, done: OnlineDone | null, palette: Palette): string[] {
  const { blocks, blockBytes, machine, orders } = plan;
  const numbers = orders.map(({ block }) => block);
  if (numbers.length === 0) {
    const all = nameBlocks(blocks.map(({ block }) => block));
    return [`${palette.good('✓')} ${palette.bold(`Online already: ${all} of ${machine}`)}`];
  }
  const what = `${nameBlocks(numbers)} of ${machine} (${formatBytes(numbers.length * blockBytes)})`;
  const outcome = outcomeOf(plan, done);
  const gist = GISTS[outcome];
  const mark = outcome === 'done' || outcome === 'planned' ? palette.good('✓') : palette.bad('✗');
  const rows = orders.map(({ block, word }) => {
    const attempt = done?.attempts.find((each) => each.block === block);
    const state = done?.states.get(block) ?? BLOCK_STATE_NAMES[BLOCK_OFFLINE];
    return [`${block}`, state, done?.zones.get(block) ?? '', word, attempt?.error ?? attempt?.problem ?? ''];
  });
  const rest = blocks.length - numbers.length;
  return [
    `${mark} ${palette.bold(`${gist}: ${what}`)}`,
    '',
    table(
      palette,
      [
        ['block', 'right'],
        ['state', 'left'],
        ['zone', 'left'],
        [done === null ? 'would write' : 'written', 'left'],
        ['', 'left'],
      ],
      rows,
    ),
    ...(rest === 0
      ? []
      : ['', `  ${countOf(rest, 'block')} of the selection ${rest === 1 ? 'is' : 'are'} online already.`]),
    ...(done === null ? ['', `  ${palette.dim('Do it with --commit.')}`] : []),
  ];
}

const GISTS: Readonly<Record<ReturnType<typeof outcomeOf>, string>> = {
  planned: 'Would come online, nothing has been written',
  done: 'Online',
  partial: 'Only partly online',
  refused: 'Still offline',
};
