import type { Context } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { LivePicture } from '../live-picture.js';
import { drawMap } from '../memory-map.js';
import { formatCount } from '../wording.js';
import { act, keysOf, type Wish } from './player-keys.js';
import type { RecordingSource } from './recording-source.js';
import { goTo, pfnOf, placeOf } from './replay-options.js';
import { mapOf, pageText, whereText } from './replay-text.js';
import { rangeEventText } from './replay-words.js';

const FRAME_MS = 50;
/** A run plays for about so long, however long it took. */
const PLAY_FRAMES = 200;
/** Lines beside the map: where it stands, the range event, the legend, keys. */
const LINES_BESIDE = 14;
const KEYS = '  ←→ batch  ,. event  PgUp PgDn range event  Home End  space plays  g goes to  q';

/** Steps through a recorded run on a terminal. */
export class Player {
  readonly #picture: LivePicture;
  #isPlaying = false;
  /** Lines of the tallest picture so far. */
  #tallest = 0;
  /** What has been typed after "g"; null if nobody is typing. */
  #typed: string | null = null;
  /** What was asked for last. */
  #answer: readonly string[] = [];

  constructor(
    private readonly context: Context,
    private readonly source: RecordingSource,
  ) {
    this.#picture = new LivePicture(context);
  }

  /** Until the user has seen enough. */
  async run(): Promise<number> {
    const { stdin } = process;
    const { signal } = this.context.interrupts;
    let timer: NodeJS.Timeout | null = null;
    stdin.setRawMode(true);
    try {
      this.#draw();
      await new Promise<void>((resolve) => {
        timer = setInterval(() => this.#playOn(), FRAME_MS);
        signal.addEventListener('abort', () => resolve(), { once: true });
        stdin.on('data', (data) => {
          if (keysOf(data.toString('latin1')).some((key) => this.#hear(key) === 'quit')) resolve();
          else this.#draw();
        });
        stdin.on('end', () => resolve());
      });
    } finally {
      if (timer !== null) clearInterval(timer);
      stdin.setRawMode(false);
      stdin.pause();
      stdin.removeAllListeners('data');
    }
    this.#answer = [];
    this.#typed = null;
    this.#picture.finish(this.#lines());
    await this.context.interrupts.breathe();
    return EXIT_DONE;
  }

  #hear(key: string): Wish | null {
    if (this.#typed !== null) {
      this.#type(key);
      return null;
    }
    const wish = act(this.source.replay, key);
    if (wish === 'play') this.#isPlaying = !this.#isPlaying;
    else this.#isPlaying = false;
    if (wish === 'ask') this.#typed = '';
    this.#answer = [];
    return wish;
  }

  /** One more key of a place or of a page. */
  #type(key: string): void {
    const typed = this.#typed ?? '';
    if (key === '\u001b' || key === '\u0003') this.#typed = null;
    else if (key === '\u007f' || key === '\b') this.#typed = typed.slice(0, -1);
    else if (key === '\r' || key === '\n') {
      this.#typed = null;
      this.#go(typed);
    } else if (/^[\w%:.]$/.test(key)) this.#typed = (typed + key).slice(0, 20);
  }

  #go(text: string): void {
    const { replay } = this.source;
    const place = placeOf(text);
    const pfn = /^(pfn:|0x)/i.test(text) ? pfnOf(text) : null;
    if (pfn !== null && pfn < replay.pages.length) {
      const [first] = replay.eventsOf(pfn, 1);
      if (first !== undefined) replay.seekEvent(first.event);
      this.#answer = pageText(replay, pfn, this.context.palette).slice(0, 5);
    } else if (place !== null) goTo(replay, place);
    else this.#answer = ['  Write an event (1000), range:3, 50%, 1.5s, or a page (pfn:0x1234).'];
  }

  #playOn(): void {
    const { replay } = this.source;
    if (!this.#isPlaying) return;
    replay.seek(replay.moment + Math.max(1, Math.ceil(replay.length / PLAY_FRAMES)));
    if (replay.moment === replay.length) this.#isPlaying = false;
    this.#draw();
  }

  #draw(): void {
    this.#picture.draw(this.#lines());
  }

  #lines(): string[] {
    const { replay } = this.source;
    const { palette, rows, columns } = this.context;
    const rowsMax = Math.max(4, rows - LINES_BESIDE);
    const { lines, legend } = drawMap(mapOf(replay), { palette, columns, rowsMax });
    const range = replay.rangeEvents[replay.nrRangeEventsPassed - 1];
    const refused = replay.refusals.reduce((sum, { pages }) => sum + pages, 0);
    const counts = `${formatCount(replay.pagesMigrated)} moved, ${formatCount(refused)} refused`;
    const below = this.#typed === null ? palette.dim(KEYS) : `  go to: ${this.#typed}`;
    const said = [
      palette.bold(`Memory ${whereText(replay)}; ${counts}`),
      ...lines,
      ...legend,
      `  ${range === undefined ? '' : rangeEventText(range.event).slice(0, columns - 3)}`,
      ...this.#answer,
      below,
    ];
    // A picture that got shorter leaves nothing of the last one behind.
    this.#tallest = Math.max(this.#tallest, said.length);
    while (said.length < this.#tallest) said.push('');
    return said;
  }
}
