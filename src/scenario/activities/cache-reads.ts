import { ACCESS_OK } from '../../sim/access.js';
import type { StatedActivityOf } from '../activity-schema.js';
import { type Activity, type Scene, type Step, waitAfter } from './activity.js';
import { RecordedFile } from './recorded-file.js';

/** Reads of pages of files, at random; what the cache does not have comes from disk. */
export class CacheReads implements Activity {
  readonly rate: number;
  readonly #files: RecordedFile[] = [];

  constructor(
    private readonly scene: Scene,
    { rate, size, files }: StatedActivityOf<'cache-reads'>,
  ) {
    this.rate = rate;
    const nrFiles = Math.min(files, size);
    for (let at = 0; at < nrFiles; at++)
      this.#files.push(new RecordedFile(scene, Math.floor(size / nrFiles) + (at < size % nrFiles ? 1 : 0)));
  }

  step(): Step {
    const { prng } = this.scene;
    const file = this.#files[prng.below(this.#files.length)] as RecordedFile;
    const access = file.check(prng.below(file.nrPages));
    return access === ACCESS_OK ? 'done' : waitAfter(access, this.scene);
  }

  expire(): void {}

  end(): boolean {
    for (let file = this.#files.at(-1); file !== undefined; file = this.#files.at(-1)) {
      file.checkCached();
      if (!file.delete()) return false;
      this.#files.pop();
    }
    return true;
  }
}
