import { batch, signal } from '@preact/signals';
import type { ColouringName } from '../../picture/colourings.js';
import type { CountersSnapshot, RecordingHeader } from '../../recording/records.js';
import type { RangeMoment } from '../../recording/timeline.js';
import type { ConnectionState, FromPicture, LocalPage, RunProgress, ToPicture } from './messages.js';

export type FramesReport = Extract<FromPicture, { kind: 'frames' }>;

/** The page's side of a picture: what it has said so far, for whatever shows it. */
export class PictureClient {
  readonly connection = signal<ConnectionState>('connecting');
  /** What went wrong, once something has for good. */
  readonly failure = signal<string | null>(null);
  readonly header = signal<RecordingHeader | null>(null);
  readonly painted = signal(0);
  readonly blockStates = signal<Uint8Array | null>(null);
  readonly progress = signal<RunProgress | null>(null);
  readonly counters = signal<readonly CountersSnapshot[]>([]);
  readonly rangeEvents = signal<readonly RangeMoment[]>([]);
  readonly classes = signal<{ readonly counts: Uint32Array; readonly colouring: ColouringName } | null>(null);
  readonly page = signal<LocalPage | null>(null);
  readonly counts = signal<readonly Uint32Array[]>([]);
  readonly frames = signal<FramesReport | null>(null);
  /** An answer each, even if it is the same again. */
  readonly refused = signal<{ readonly pfn: number | null } | null>(null);
  readonly #worker: Worker;

  /** @param path where the server has the picture: "api/picture", "api/runs/ID". */
  constructor(readonly path: string) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: path });
    this.#worker.onmessage = ({ data }: MessageEvent<FromPicture>) => batch(() => this.#hear(data));
    this.#worker.onerror = () => {
      this.connection.value = 'failed';
      this.failure.value = 'The map cannot be drawn: this browser does not start its worker. Use a newer browser.';
    };
  }

  /** From now on the picture paints on this canvas; it has one for all its life. */
  start(canvas: HTMLCanvasElement): void {
    const address = new URL(this.path, document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    address.search = address.hash = '';
    const offscreen = canvas.transferControlToOffscreen();
    this.#worker.postMessage({ kind: 'start', canvas: offscreen, address: address.href } satisfies ToPicture, [
      offscreen,
    ]);
  }

  ask(message: ToPicture): void {
    this.#worker.postMessage(message);
  }

  stop(): void {
    this.#worker.terminate();
  }

  #hear(message: FromPicture): void {
    switch (message.kind) {
      case 'connection':
        this.connection.value = message.state;
        if (message.state === 'failed') this.failure.value = message.sentence;
        break;
      case 'header':
        this.header.value = message.header;
        this.painted.value = 0;
        break;
      case 'painted':
        this.painted.value = message.share;
        break;
      case 'blocks':
        this.blockStates.value = message.states;
        break;
      case 'progress':
        this.progress.value = message.progress;
        break;
      case 'counters':
        this.counters.value = message.counters;
        break;
      case 'range-events':
        this.rangeEvents.value = message.events;
        break;
      case 'classes':
        this.classes.value = message;
        break;
      case 'page':
        this.page.value = message.page;
        break;
      case 'refused':
        this.refused.value = message;
        break;
      case 'counts':
        this.counts.value = message.rows;
        break;
      case 'frames':
        this.frames.value = message;
        break;
    }
  }
}
