import { useEffect, useState } from 'preact/hooks';
import { BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { MIGRATETYPE_NAMES } from '../../mm/migratetype.js';
import { colouring } from '../../picture/colourings.js';
import { groupOf, groupTitle } from '../../picture/map-layout.js';
import { kindOfByte, STATE_PCP, stateOfByte } from '../../picture/page-bytes.js';
import { KIND_FREE, KIND_HOLE, PAGE_KINDS } from '../../picture/page-kinds.js';
import type { PageMoment } from '../../recording/page-history.js';
import { formatAddress } from '../picture/labels.js';
import type { LocalPage } from '../picture/messages.js';
import { goToMoment, hasRun } from '../run/player.js';
import { formatMs } from '../run/words.js';
import type { PageAnswer } from '../server.js';
import { cursor, firstPicture, layout, pinned } from '../state.js';
import { answerFor } from './page-answers.js';

/** A pointer that only passes by asks nothing. */
const REST_MS = 90;

/** The page under the cursor, or the one that was asked about last. */
export function PageCard() {
  const pfn = cursor.value ?? pinned.value;
  const picture = firstPicture.value;
  const progress = picture?.progress.value;
  const [answer, setAnswer] = useState<PageAnswer | null>(null);
  const isOfMachine = picture?.path === 'api/picture' && (progress?.length ?? 0) === 0;
  useEffect(() => {
    setAnswer(null);
    if (pfn === null) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      if (pfn !== pinned.value) picture?.ask({ kind: 'ask-page', pfn, withStory: false });
      if (isOfMachine) void answerFor(pfn).then((found) => isWanted && setAnswer(found));
    }, REST_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [pfn, picture, isOfMachine]);
  useEffect(() => {
    if (pinned.value !== null && pfn === pinned.value)
      picture?.ask({ kind: 'ask-page', pfn: pinned.value, withStory: true });
  }, [picture, pinned.value, pfn, progress?.moment]);
  const local = picture?.page.value ?? null;
  return (
    <section class="panel card" id="page-card" aria-label="Page" aria-live="polite">
      <h2>Page</h2>
      {pfn === null ? (
        <p class="quiet">Point at a page, or move the cursor with the arrow keys.</p>
      ) : (
        <Facts pfn={pfn} local={local?.pfn === pfn ? local : null} answer={answer?.pfn === pfn ? answer : null} />
      )}
    </section>
  );
}

interface FactsProps {
  readonly pfn: number;
  readonly local: LocalPage | null;
  readonly answer: PageAnswer | null;
}

function Facts({ pfn, local, answer }: FactsProps) {
  const plan = layout.value;
  const block = plan === null ? null : Math.floor(pfn / plan.blockPages);
  const group = plan === null || block === null ? null : groupOf(plan, block);
  const facts: (readonly [name: string, value: string])[] = [
    ['Page frame', `${pfn} (0x${pfn.toString(16)})`],
    ['Address', formatAddress(pfn)],
    [
      'Block',
      block === null
        ? ''
        : `${block}${local?.blockState == null ? '' : `, ${BLOCK_STATE_NAMES[local.blockState as 0 | 1 | 2 | 3]}`}`,
    ],
    ['Where', answer?.zone ?? (group === null ? '' : groupTitle(group).split(' · ').slice(0, -1).join(', '))],
    ['Is', local === null ? '' : describePage(local.byte)],
    ['Pageblock', local?.migratetype == null ? '' : MIGRATETYPE_NAMES[local.migratetype as 0 | 1 | 2 | 3]],
    ['Flags', answer === null ? '' : answer.flags.join(', ') || 'none'],
    ['Owner', answer === null ? '' : ownersOf(answer)],
    ['Would it go?', answer === null ? '' : verdictOf(answer)],
  ];
  return (
    <>
      <dl>
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {hasRun.value && local?.story != null && <Story story={local.story} pfn={pfn} />}
    </>
  );
}

/** "anonymous, dirty"; "free, order 5". */
export function describePage(byte: number): string {
  const kind = kindOfByte(byte);
  const state = stateOfByte(byte);
  const { label } = PAGE_KINDS[kind] ?? PAGE_KINDS[KIND_HOLE]!;
  if (kind === KIND_HOLE) return label;
  if (kind === KIND_FREE) return state === STATE_PCP ? "free, on a CPU's list" : `free, in a block of order ${state}`;
  const { swatches, classes } = colouring('state');
  const doing = swatches[classes![byte]!]!;
  return doing.id === 'plain' ? label : `${label}, ${doing.label}`;
}

function ownersOf({ owners, ownersMore }: PageAnswer): string {
  if (owners === null) return 'not known';
  if (owners.length === 0) return 'nobody';
  return owners.join(', ') + (ownersMore > 0 ? ` and ${ownersMore} more` : '');
}

function verdictOf({ goes, because, handler }: PageAnswer): string {
  if (goes === null) return '';
  return goes ? `yes${handler === null ? '' : `, as ${handler}`}` : `no: ${because ?? 'it refuses'}`;
}

function Story({ story, pfn }: { readonly story: readonly PageMoment[]; readonly pfn: number }) {
  if (story.length === 0) return <p class="quiet">Nothing happened to it in this run.</p>;
  return (
    <ol class="events" aria-label="What became of it">
      {story.map((moment) => (
        <li key={moment.event}>
          <button type="button" onClick={() => goToEvent(moment.event)}>
            <time>{formatMs(moment.ms)}</time> {describeMoment(moment, pfn)}
          </button>
        </li>
      ))}
    </ol>
  );
}

function goToEvent(event: number): void {
  goToMoment(0);
  firstPicture.value?.ask({ kind: 'seek', to: { by: 'event', event } });
}

function describeMoment({ source, target, refusal, handler }: PageMoment, pfn: number): string {
  if (refusal !== null) return `refused by ${refusal.handler}: ${refusal.because}`;
  if (source === pfn) return `moved to 0x${(target ?? 0).toString(16)} (${handler})`;
  return `came here from 0x${source.toString(16)} (${handler})`;
}
