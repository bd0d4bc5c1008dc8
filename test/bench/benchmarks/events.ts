import {
  createEvacuator,
  type Evacuator,
  loadShippedPlugins,
  type OfflineResult,
  type PageEventBatch,
  runToEnd,
  simModule,
} from 'vacate';
import { KeptMachine } from '../../../src/compare/kept-machine.js';
import { decodeBatch } from '../../../src/events/operators.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { hashWords, timed } from '../framework/timed.js';
import { BLOCK_PAGES, halfFullMachine } from './half-full.js';

/** Of memory, what is taken off line in a round. */
const SHARE = 1 / 4;

export const events: Benchmark = {
  name: 'events',
  shows:
    'What it costs a real migration (a quarter of memory is taken off line, half of it in use) that somebody listens to ' +
    'what becomes of single pages, and reads all of it.',
  doesNotShow:
    'What a listener does with what it reads: these add numbers up. There is no form in C, as there nobody listens; the ' +
    'naive form is an object a page.',
  sizes: [1, 16],
  unit: 'page',
  goals: [{ contestant: 'one subscriber', against: 'no subscriber', timeAtMost: 1.3, fromGib: 16 }],
  async prepare({ nrPages }: Context) {
    const plugins = await loadShippedPlugins();
    const kept = new KeptMachine(halfFullMachine(nrPages));
    return [
      listenedTo(kept, plugins, 'no subscriber', () => {}),
      listenedTo(kept, plugins, 'one subscriber', (evacuator, reader) => evacuator.pages$.subscribe(reader.read)),
      listenedTo(kept, plugins, 'three subscribers', (evacuator, reader) => {
        for (let i = 0; i < 3; i++) evacuator.pages$.subscribe(i === 0 ? reader.read : new Reader().read);
      }),
      listenedTo(kept, plugins, 'one, of an object a page', (evacuator, reader) => {
        const { tables } = evacuator.service.handlers;
        evacuator.pages$.pipe(decodeBatch(tables)).subscribe(({ source }) => reader.add(source));
      }),
    ];
  },
};

/** Reads every event. */
class Reader {
  nrEvents = 0;
  sum = 0;
  readonly read = ({ words, nrEvents }: PageEventBatch) => {
    let sum = this.sum;
    for (let i = 0; i < nrEvents * 3; i += 3) sum = (sum + words[i]! + words[i + 1]! + words[i + 2]!) | 0;
    this.sum = sum;
    this.nrEvents += nrEvents;
  };

  add(source: number): void {
    this.nrEvents++;
    this.sum = (this.sum + source) | 0;
  }
}

function listenedTo(
  kept: KeptMachine,
  plugins: readonly PageType[],
  name: string,
  listen: (evacuator: Evacuator, reader: Reader) => void,
): Contestant {
  const { machine } = kept;
  const evacuator = createEvacuator({ host: simModule(machine), plugins });
  const reader = new Reader();
  listen(evacuator, reader);
  const isHeard = name !== 'no subscriber';
  const nrBlocks = machine.spec.nrPfns / BLOCK_PAGES;
  const blocks = Array.from({ length: nrBlocks * SHARE }, (_, at) => nrBlocks - 1 - at);
  const nrUnits = nrUsedIn(kept, blocks);
  let result: OfflineResult | null = null;
  return timed({
    name,
    nrUnits,
    result: 'where each page went',
    reset() {
      kept.restore();
      reader.nrEvents = 0;
    },
    work() {
      result = runToEnd(evacuator.offline({ blocks }));
    },
    hash() {
      if (result?.outcome !== 'done' || result.pagesMigrated !== nrUnits)
        throw new Error(`${name}: ${result?.pagesMigrated} of ${nrUnits} pages moved`);
      if (reader.nrEvents !== (isHeard ? nrUnits : 0))
        throw new Error(`${name}: ${reader.nrEvents} events of ${nrUnits} pages`);
      return hashWords(result.moved.targets, hashWords(result.moved.sources));
    },
  });
}

function nrUsedIn({ machine }: KeptMachine, blocks: readonly number[]): number {
  let nr = 0;
  for (const block of blocks)
    for (let pfn = block * BLOCK_PAGES; pfn < (block + 1) * BLOCK_PAGES; pfn++) if (machine.count[pfn] !== 0) nr++;
  return nr;
}
