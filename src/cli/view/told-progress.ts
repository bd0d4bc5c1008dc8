import { Progress, type Step } from '../progress.js';

/** How far a thread is, told to the thread that shows it, and no more often than anybody could see. */
export class ToldProgress extends Progress {
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly tell: (step: Step) => void) {
    super(process.stderr);
  }

  override update(step: Step): void {
    const now = performance.now();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.tell(step);
  }

  override stop(): void {}
}

const TELL_EVERY_MS = 50;
