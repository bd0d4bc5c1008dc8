import type { ColouringName } from '../../picture/colourings.js';
import type { Theme } from '../../picture/colours.js';
import type { MapLayout } from '../../picture/map-layout.js';
import type { MapView } from '../../picture/raster.js';
import type { PageMoment } from '../../recording/page-history.js';
import type { CountersSnapshot, RecordingEnd, RecordingHeader } from '../../recording/records.js';
import type { RefusalTotal } from '../../recording/replay.js';
import type { RangeMoment } from '../../recording/timeline.js';

/*
 * A picture lives in a worker of its own: it holds a byte for each page, listens to the server, plays the run back and
 * paints. The page beside it holds controls only, so that neither ever waits for the other.
 */

/** What the page asks of a picture. Lengths are in pixels of CSS. */
export type ToPicture =
  | { readonly kind: 'start'; readonly canvas: OffscreenCanvas; readonly address: string }
  | { readonly kind: 'size'; readonly width: number; readonly height: number; readonly ratio: number }
  | { readonly kind: 'look'; readonly theme: Theme; readonly colouring: ColouringName }
  | { readonly kind: 'layout'; readonly layout: MapLayout }
  | { readonly kind: 'view'; readonly view: MapView }
  | { readonly kind: 'cursor'; readonly pfn: number | null }
  | { readonly kind: 'seek'; readonly to: Place }
  | { readonly kind: 'step'; readonly unit: StepUnit; readonly direction: 1 | -1 }
  | { readonly kind: 'ask-page'; readonly pfn: number; readonly withStory: boolean }
  /** The next page that has refused, for one reason if it is named; from the start again after the last. */
  | { readonly kind: 'ask-refused'; readonly after: number; readonly why: RefusalName | null }
  | { readonly kind: 'ask-counts'; readonly ranges: ReadonlyArray<readonly [start: number, end: number]> }
  | { readonly kind: 'ask-frames' }
  | { readonly kind: 'stop' };

/** A refusal by its handler and its id. */
export interface RefusalName {
  readonly handler: string;
  readonly reason: string;
}

/** A moment of a run. Live is where the run is, and stays there as it goes on. */
export type Place =
  | { readonly by: 'share'; readonly share: number }
  | { readonly by: 'time'; readonly ms: number }
  | { readonly by: 'moment'; readonly moment: number }
  | { readonly by: 'event'; readonly event: number }
  | { readonly by: 'live' };

export type StepUnit = 'event' | 'batch' | 'range-event';

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'closed' | 'failed';

/** What a picture knows by itself of a page. */
export interface LocalPage {
  readonly pfn: number;
  readonly byte: number;
  readonly migratetype: number | null;
  readonly blockState: number | null;
  /** What became of it in the run; null if that was not asked, for it takes reading the run. */
  readonly story: readonly PageMoment[] | null;
}

/** Where a run stands, on this page. */
export interface RunProgress {
  readonly moment: number;
  readonly length: number;
  readonly event: number;
  readonly nrEvents: number;
  readonly ms: number;
  readonly msTotal: number;
  readonly pagesMigrated: number;
  readonly isLive: boolean;
  readonly end: RecordingEnd | null;
  readonly refusals: readonly RefusalTotal[];
  readonly nrRangeEventsPassed: number;
}

/** What a picture tells the page. */
export type FromPicture =
  | { readonly kind: 'connection'; readonly state: ConnectionState; readonly sentence: string | null }
  | { readonly kind: 'header'; readonly header: RecordingHeader }
  /** From 0 to 1: pages that have come, and are to be seen. */
  | { readonly kind: 'painted'; readonly share: number }
  /** BLOCK_* by block, as they are at this moment. */
  | { readonly kind: 'blocks'; readonly states: Uint8Array }
  | { readonly kind: 'progress'; readonly progress: RunProgress }
  /** All there are so far. */
  | { readonly kind: 'counters'; readonly counters: readonly CountersSnapshot[] }
  | { readonly kind: 'range-events'; readonly events: readonly RangeMoment[] }
  /** Pages by class of the colouring, of the whole machine. */
  | { readonly kind: 'classes'; readonly counts: Uint32Array; readonly colouring: ColouringName }
  | { readonly kind: 'page'; readonly page: LocalPage }
  | { readonly kind: 'refused'; readonly pfn: number | null }
  /** Pages by kind, a row for each range that was asked about. */
  | { readonly kind: 'counts'; readonly rows: readonly Uint32Array[] }
  /** Of what was painted since the last question, in milliseconds; a gap is from one frame of a movement to the next. */
  | { readonly kind: 'frames'; readonly painted: number; readonly longest: number; readonly longestGap: number };
