import { mix32 } from '../base/prng.js';

/**
 * What the next page written holds: 64 bits that no other page of the machine gets, as `mix32` is a bijection. Where pages
 * hold a mark, the low word is all.
 */
export class Contents {
  #serial = 0;
  lo = 0;
  hi = 0;

  constructor(
    private readonly seed: number,
    private readonly contentWords: number,
  ) {}

  next(): this {
    this.#serial = (this.#serial + 1) >>> 0;
    this.lo = mix32(this.#serial ^ this.seed);
    this.hi = this.contentWords === 1 ? 0 : mix32(this.lo ^ 0x9e3779b9);
    return this;
  }
}
