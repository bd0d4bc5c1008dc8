import { useEffect, useState } from 'preact/hooks';
import { groupTitle, type MapLayout } from '../../picture/map-layout.js';
import { KIND_FREE, KIND_HOLE, PAGE_KINDS } from '../../picture/page-kinds.js';
import { visitBlock } from '../map/visit-block.js';
import { firstPicture, layout } from '../state.js';

/** More rows nobody reads: then a row is a group of blocks. */
const BLOCKS_MAX = 64;

interface Row {
  readonly title: string;
  readonly block: number;
  readonly range: readonly [start: number, end: number];
}

/** The map as a table: pages by kind, for each node, zone and DIMM, and each block where these are few. */
export function KindTable() {
  const [isOpen, setIsOpen] = useState(false);
  const picture = firstPicture.value;
  const plan = layout.value;
  const moment = picture?.progress.value?.moment;
  const rows = plan === null ? [] : rowsOf(plan);
  useEffect(() => {
    if (isOpen) picture?.ask({ kind: 'ask-counts', ranges: rows.map(({ range }) => range) });
  }, [isOpen, picture, plan, moment]);
  const counts = picture?.counts.value ?? [];
  const kinds = PAGE_KINDS.map((_, kind) => kind).filter(
    (kind) => kind !== KIND_HOLE && counts.some((row) => row[kind] !== 0),
  );
  return (
    <details class="panel" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        <h2>The map as a table</h2>
      </summary>
      {isOpen && counts.length === rows.length && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        <section class="scroll" tabIndex={0} aria-label="Pages by kind">
          <table class="kinds">
            <thead>
              <tr>
                <th scope="col">Where</th>
                {kinds.map((kind) => (
                  <th key={kind} scope="col" class="number">
                    {PAGE_KINDS[kind]!.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ title, block }, index) => (
                <tr key={title}>
                  <th scope="row">
                    <button type="button" onClick={() => visitBlock(block)}>
                      {title}
                    </button>
                  </th>
                  {kinds.map((kind) => (
                    <td key={kind} class={kind === KIND_FREE ? 'number quiet' : 'number'}>
                      {(counts[index]?.[kind] ?? 0).toLocaleString('en')}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

function rowsOf(plan: MapLayout): Row[] {
  const nrBlocks = plan.groups.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const { blockPages } = plan;
  return plan.groups.flatMap((group) => {
    const whole: Row = {
      title: groupTitle(group),
      block: group.first,
      range: [group.first * blockPages, (group.last + 1) * blockPages],
    };
    if (nrBlocks > BLOCKS_MAX) return [whole];
    const blocks = Array.from({ length: group.last - group.first + 1 }, (_, index): Row => {
      const block = group.first + index;
      return { title: `block ${block}`, block, range: [block * blockPages, (block + 1) * blockPages] };
    });
    return group.first === group.last ? [whole] : [whole, ...blocks];
  });
}
