import { ACCESS_OK, type Access } from '../../sim/access.js';
import type { StatedActivityOf } from '../activity-schema.js';
import { type Activity, type Scene, type Step, waitAfter } from './activity.js';
import { RecordedFile } from './recorded-file.js';

/** A tree of files grows to its size; from then on files are replaced, overwritten and read, a third each. */
export class FileChurn implements Activity {
  readonly rate: number;
  readonly #files: RecordedFile[] = [];
  /** A file that is on its way out: a page of it was locked. */
  #leaving: RecordedFile | null = null;

  constructor(
    private readonly scene: Scene,
    private readonly stated: StatedActivityOf<'file-churn'>,
  ) {
    this.rate = stated.rate;
  }

  step(): Step {
    const { prng } = this.scene;
    if (this.#leaving !== null && !this.#delete(this.#leaving)) return 'wait';
    if (this.#files.length < this.stated.files) return this.#after(this.#create());
    const at = prng.below(this.#files.length);
    const file = this.#files[at] as RecordedFile;
    switch (prng.below(3)) {
      case 0:
        this.#files.splice(at, 1);
        return this.#delete(file) ? this.#after(this.#create()) : 'wait';
      case 1:
        return this.#after(file.write());
      default:
        return this.#after(file.checkAll());
    }
  }

  expire(): void {}

  end(): boolean {
    if (this.#leaving !== null && !this.#delete(this.#leaving)) return false;
    for (let file = this.#files.pop(); file !== undefined; file = this.#files.pop()) {
      file.checkCached();
      if (!this.#delete(file)) return false;
    }
    return true;
  }

  #create(): Access {
    const file = new RecordedFile(this.scene, this.stated.size);
    this.#files.push(file);
    return file.write();
  }

  #delete(file: RecordedFile): boolean {
    const isGone = file.delete();
    this.#leaving = isGone ? null : file;
    return isGone;
  }

  #after(access: Access): Step {
    return access === ACCESS_OK ? 'done' : waitAfter(access, this.scene);
  }
}
