/** States by name, each with the steps that were asleep in it whenever it was reached. */
export class SeenStates {
  readonly #byKey = new Map<number, readonly number[]>();

  get(key: number): readonly number[] | undefined {
    return this.#byKey.get(key);
  }

  set(key: number, asleep: readonly number[]): void {
    this.#byKey.set(key, asleep.length === 0 ? NOTHING : asleep);
  }
}

const NOTHING: readonly number[] = [];
