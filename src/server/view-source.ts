import type { RecordingHeader } from '../recording/records.js';
import type { Feed } from './feed.js';

/** How far a machine is from being shown. */
export type SourceState = 'opening' | 'open' | 'failed';

/** What is shown, as it is now. */
export interface SourceFacts {
  readonly shows: 'machine' | 'run';
  readonly name: string;
  readonly header: RecordingHeader | null;
  readonly state: SourceState;
  readonly progress: { readonly label: string; readonly part: number } | null;
  /** A sentence if it failed. */
  readonly error: string | null;
  /** A recorded run that is still written. */
  readonly isGrowing: boolean;
  /** What could not be known, in sentences. */
  readonly caveats: readonly string[];
}

/** All that is known of a page. */
export interface PageAnswer {
  readonly pfn: number;
  readonly address: string;
  readonly flags: readonly string[];
  /** Id of its kind, of PAGE_KINDS. */
  readonly kind: string;
  /** Of the free block that it is part of; null if buddy does not have it. */
  readonly order: number | null;
  readonly block: number;
  readonly blockState: string;
  readonly zone: string | null;
  readonly migratetype: string | null;
  /** Null if nobody knows. */
  readonly owners: readonly string[] | null;
  /** Owners that are not named. */
  readonly ownersMore: number;
  /** Would it go; null of free memory, and where there is none. */
  readonly goes: boolean | null;
  /** The refusal's sentence. */
  readonly because: string | null;
  readonly handler: string | null;
}

/** What a server shows: a machine, or a recorded run. */
export interface ViewSource {
  facts(): SourceFacts;
  readonly picture: Feed;
  /**
   * @throws VacateError kind 'range' for what is no page of the machine; 'usage' where pages cannot be asked about.
   */
  page(pfn: number): Promise<PageAnswer>;
}
