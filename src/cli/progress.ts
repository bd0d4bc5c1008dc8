import { createRequire } from 'node:module';
import type * as CliProgress from 'cli-progress';
import { formatCount } from './wording.js';

/** What is being counted, and how far it is. */
export interface Step {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** "pages"; null if the numbers are parts of a whole that mean nothing to people. */
  readonly unit: string | null;
}

/** A step that is over within this time needs no bar. */
const PATIENCE_MS = 250;
const BAR = { min: 5, max: 24 } as const;

/**
 * One line on standard error that says how far, how fast and how much longer; nothing at all unless that is a terminal.
 * A new label starts a new bar in the same place.
 */
export class Progress {
  #bar: CliProgress.SingleBar | null = null;
  #label = '';
  #since = 0;

  /** `inLetters` spells what a terminal without Unicode cannot show. */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly inLetters: (text: string) => string = (text) => text,
  ) {}

  update(step: Step): void {
    if (this.stream.isTTY !== true) return;
    const now = performance.now();
    if (step.label !== this.#label) {
      this.stop();
      this.#label = step.label;
      this.#since = now;
    }
    if (this.#bar === null) {
      if (now - this.#since < PATIENCE_MS || step.done >= step.total) return;
      this.#bar = this.#create();
      this.#bar.start(step.total, step.done, { step, elapsedMs: now - this.#since });
    }
    this.#bar.setTotal(step.total);
    this.#bar.update(step.done, { step, elapsedMs: now - this.#since });
  }

  /** Takes the bar away; the line is free again. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
    this.#label = '';
  }

  #create(): CliProgress.SingleBar {
    // Most runs have no terminal, or are over before there is anything to show: they need not wait for it.
    const { SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof CliProgress;
    return new SingleBar({
      stream: this.stream,
      clearOnComplete: true,
      // The bar fits the line; and a terminal that does not wrap is no legacy for whoever ends us by force.
      linewrap: true,
      format: (_options, _params, payload: { step: Step; elapsedMs: number }) =>
        this.inLetters(formatStep(payload.step, payload.elapsedMs, this.stream.columns)),
    });
  }
}

/**
 * "migrating  ████████░░░░  33% | 12,288 of 36,864 pages | 410,000/s | 1 s left", the bar as wide as the line allows. On a
 * narrow terminal counts go first, then the rate, then the bar: it never breaks.
 */
export function formatStep({ label, done, total, unit }: Step, elapsedMs: number, columns: number): string {
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const perSecond = elapsedMs === 0 ? 0 : (done * 1000) / elapsedMs;
  const rate = unit === null ? shareRate(perSecond / Math.max(total, 1)) : [`${round(perSecond)}/s`];
  const left = perSecond === 0 ? '…' : `${formatSeconds((total - done) / perSecond)} left`;
  const count = unit === null ? [] : [`${formatCount(done)} of ${formatCount(total)} ${unit}`];
  const percent = `${String(Math.floor(share * 100)).padStart(3)}%`;
  const ways = [[percent, ...count, ...rate, left], [percent, ...rate, left], [percent, left], [percent]];
  const roomFor = (way: readonly string[]) => columns - label.length - way.join(' | ').length - 4;
  const facts = ways.find((way) => roomFor(way) >= BAR.min);
  if (facts === undefined) return `${label} ${percent}`.slice(0, Math.max(0, columns - 1));
  const width = Math.min(BAR.max, roomFor(facts));
  const full = Math.round(share * width);
  return `${label}  ${'█'.repeat(full)}${'░'.repeat(width - full)} ${facts.join(' | ')}`;
}

/** Parts of a whole by the second; left out for what stands still, and for what is over within a second. */
function shareRate(perSecond: number): string[] {
  const percent = Math.round(100 * perSecond);
  return percent < 1 || percent > 100 ? [] : [`${percent} %/s`];
}

/** Two digits are all that a rate deserves. */
function round(perSecond: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(perSecond, 1))) - 1);
  return formatCount(Math.round(perSecond / unit) * unit);
}

function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
