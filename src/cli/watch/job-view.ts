import { setTimeout } from 'node:timers/promises';
import type { Evacuator } from '../../container/create-evacuator.js';
import { outcomeOf } from '../../events/page-events.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { ColouringName } from '../../picture/colourings.js';
import { mapGroups } from '../../picture/map-rows.js';
import type { Machine } from '../../sim/machine.js';
import type { StrategyProgress } from '../../strategies/strategy.js';
import type { Context } from '../context.js';
import { LivePicture } from '../live-picture.js';
import { drawMap } from '../memory-map.js';
import { formatStep } from '../progress.js';
import { countOf, formatCount } from '../wording.js';

/** How somebody wants to watch a job: by itself if it takes long enough, from its beginning and slowed down, or not. */
export interface Watching {
  readonly watch?: boolean;
  /** What the colours of the map stand for. */
  readonly map?: ColouringName;
}

/** What is shown of a job. */
export interface JobSight {
  readonly watching: Watching;
  readonly title: string;
  /** The memory that the job is about; all if absent. */
  readonly only?: readonly PfnRange[];
  /** One more fact about where the job stands, from how many blocks it has made and taken offline. */
  readonly standing: (blocks: { readonly blocksMade: number; readonly blocksOffline: number }) => string;
}

/** With --watch, work and rest take turns, so that the map changes before one's eyes; a step has at most so many frames. */
const PACED = { sliceMs: 0, restMs: 20, frames: 150 } as const;
/** Otherwise a job that is over within this time needs no picture, and one that is not loses no time. */
const PATIENCE_MS = 400;
const FRAME_MS = 100;
/** At most this part of the time goes into drawing. */
const DRAWING_SHARE = 0.1;
/** A map of fewer rows shows nothing. */
const ROWS_MIN = 2;
const REASONS_MAX = 3;

/**
 * A job on a simulated machine, as it goes on: the map of the memory in question, how far the job is, how fast and how much
 * longer, what is left, and why pages refuse. Where a terminal is too small for that, there is the line of progress.
 */
export class JobView {
  readonly #picture: LivePicture;
  readonly #begun = performance.now();
  #label = '';
  #labelSince = 0;
  /** How far the step was when it was drawn. */
  #drawnAt = Number.NEGATIVE_INFINITY;
  #nextAt: number;

  constructor(
    private readonly context: Context,
    private readonly machine: Machine,
    private readonly evacuator: Evacuator,
    private readonly sight: JobSight,
  ) {
    this.#picture = new LivePicture(context);
    this.#nextAt = this.isPaced ? 0 : this.#begun + PATIENCE_MS;
  }

  get isPaced(): boolean {
    return this.sight.watching.watch === true;
  }

  /** Milliseconds of a slice of work; undefined for what is usual. */
  get sliceMs(): number | undefined {
    return this.isPaced ? PACED.sliceMs : undefined;
  }

  /** Draws what there is now, if it is time to and there is room for it. False if something else has to say it. */
  async show(progress: StrategyProgress, standing: Parameters<JobSight['standing']>[0]): Promise<boolean> {
    const now = performance.now();
    if (progress.step !== this.#label) {
      this.#label = progress.step;
      this.#labelSince = now;
      this.#drawnAt = Number.NEGATIVE_INFINITY;
    }
    if (this.isPaced && Math.abs(progress.done - this.#drawnAt) * PACED.frames < progress.total) return true;
    if (now >= this.#nextAt) {
      this.#drawnAt = progress.done;
      const lines = this.#lines(progress, standing, now);
      if (lines === null) return false;
      this.#picture.draw(lines);
      const drawn = performance.now();
      if (!this.isPaced) this.#nextAt = drawn + Math.max(FRAME_MS, (drawn - now) * (1 / DRAWING_SHARE - 1));
    }
    if (this.isPaced) await setTimeout(PACED.restMs);
    return true;
  }

  /** Takes the picture away, for the report to stand in its place. */
  close(): void {
    this.#picture.clear();
  }

  #lines(progress: StrategyProgress, standing: Parameters<JobSight['standing']>[0], now: number): string[] | null {
    const { context, machine, sight } = this;
    const { palette, columns } = context;
    const cut = (line: string) => (line.length < columns ? line : `${line.slice(0, columns - 2)}…`);
    const { step, done, total } = progress;
    const bar = { label: step, done, total, unit: step === 'migrating' ? 'pages' : null };
    const below = [
      ...[formatStep(bar, now - this.#labelSince, columns - 2), sight.standing(standing)],
      ...this.#refusals(),
    ].map((line) => cut(`  ${line}`));
    const only = sight.only === undefined ? {} : { only: sight.only };
    const rowsMax = this.#picture.room - below.length - 1 - mapGroups(machine, sight.only).length;
    if (rowsMax < ROWS_MIN) return null;
    const by = sight.watching.map ?? 'type';
    const { lines, legend } = drawMap(machine, { palette, columns, by, rowsMax: Math.min(rowsMax, 40), ...only });
    const whole = [palette.bold(cut(sight.title)), ...lines, ...below];
    const explained = [...whole.slice(0, 1 + lines.length), ...legend, ...below];
    if (this.#picture.canShow(explained.length)) return explained;
    return this.#picture.canShow(whole.length) ? whole : null;
  }

  /** Pages that were given up on so far, the most frequent reasons first. */
  #refusals(): string[] {
    const { refused } = this.evacuator.counters;
    const { tables } = this.evacuator.service.handlers;
    const reasons: [pages: number, reason: string][] = [];
    for (const [handler, { name, refusals }] of tables.entries())
      for (const [code, refusal] of refusals.entries()) {
        const pages = refused[outcomeOf(handler, code)]!;
        if (refusal !== null && refusal !== undefined && pages > 0) reasons.push([pages, `${name}/${refusal.id}`]);
      }
    if (reasons.length === 0) return [];
    reasons.sort((a, b) => b[0] - a[0]);
    const all = reasons.reduce((sum, [pages]) => sum + pages, 0);
    const named = reasons.slice(0, REASONS_MAX).map(([pages, reason]) => `${formatCount(pages)} ${reason}`);
    const rest = reasons.length > REASONS_MAX ? [`+${reasons.length - REASONS_MAX}`] : [];
    return [`refused so far: ${countOf(all, 'page')}, ${[...named, ...rest].join(', ')}`];
  }
}
