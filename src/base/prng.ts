const imul = Math.imul;

/**
 * The only source of chance: a 32-bit counter run through a strong mixer, so that a seed reproduces a run
 * anywhere and `split` gives a stream of its own to each part that draws.
 * Mixer: the finalizer of MurmurHash3 (Appleby, public domain).
 */
export class Prng {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = mix32(seed >>> 0);
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mix32(this.#state);
  }

  /** Uniform in [0, bound), bound in [1, 2^32]. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  /** An independent stream, reproducible from this one's seed and the label. */
  split(label: number): Prng {
    return new Prng(mix32(this.seed ^ mix32(label + 0x85ebca6b)));
  }

  /** Fisher-Yates, in place. */
  shuffle<T extends { length: number; [index: number]: number }>(items: T): T {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const held = items[last] as number;
      items[last] = items[other] as number;
      items[other] = held;
    }
    return items;
  }
}

/** A bijection on 32-bit words in which every input bit moves about half of the output bits. */
export function mix32(word: number): number {
  let h = word | 0;
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
