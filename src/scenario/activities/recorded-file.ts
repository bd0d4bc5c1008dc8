import { NO_PAGE } from '../../mm/units.js';
import { ACCESS_OK, ACCESS_TORN, type Access, readFileContents, writeFilePage } from '../../sim/access.js';
import { originalHi, originalLo } from '../../sim/contents.js';
import { createFile, deleteFile, isCached } from '../../sim/files.js';
import { SCALAR } from '../../sim/machine.js';
import { findInCache } from '../../sim/page-cache.js';
import { startWriteback } from '../../sim/writeback.js';
import type { Scene } from './activity.js';

const read = new Uint32Array(2);

/** A file of an activity, with a record of what each page of it holds. */
export class RecordedFile {
  readonly #file: number;
  /** Two words a page. */
  readonly #record: Uint32Array;

  constructor(
    private readonly scene: Scene,
    readonly nrPages: number,
  ) {
    this.#file = createFile(scene.machine, nrPages);
    this.#record = new Uint32Array(nrPages * 2);
    for (let page = 0; page < nrPages; page++) {
      this.#record[page * 2] = originalLo(this.#file, page);
      this.#record[page * 2 + 1] = originalHi(this.#file, page);
    }
  }

  /** Writes every page, then sends them to disk; ends early where it does not get its page. */
  write(): Access {
    const { machine, cpu, contents } = this.scene;
    for (let page = 0; page < this.nrPages; page++) {
      const { lo, hi } = contents.next();
      const access = writeFilePage(machine, cpu, this.#file, page, lo, hi, page % 2 === 0);
      if (access !== ACCESS_OK) return access;
      this.#record[page * 2] = lo;
      this.#record[page * 2 + 1] = hi;
    }
    this.#writeBack();
    return ACCESS_OK;
  }

  /** Reads a page, and counts it as wrong if it is not what the file holds. */
  check(page: number): Access {
    const { machine, cpu, tally } = this.scene;
    const access = readFileContents(machine, cpu, this.#file, page, read);
    const isRight = read[0] === this.#record[page * 2] && read[1] === this.#record[page * 2 + 1];
    if (access === ACCESS_TORN || (access === ACCESS_OK && !isRight)) tally.wrong++;
    return access;
  }

  /** Checks every page; ends early where it does not get its page. */
  checkAll(): Access {
    for (let page = 0; page < this.nrPages; page++) {
      const access = this.check(page);
      if (access !== ACCESS_OK) return access;
    }
    return ACCESS_OK;
  }

  /** Checks what the cache has of it; nothing is read from disk for that. */
  checkCached(): void {
    for (let page = 0; page < this.nrPages; page++)
      if (isCached(this.scene.machine, this.#file, page)) this.check(page);
  }

  /** False if a page is locked; what has gone by then is gone, and the rest goes when it is asked again. */
  delete(): boolean {
    return deleteFile(this.scene.machine, this.scene.cpu, this.#file);
  }

  #writeBack(): void {
    const { machine } = this.scene;
    for (let page = 0; page < this.nrPages; page++) {
      // What the machine cannot track is left to reclaim.
      if ((machine.scalars[SCALAR.nrHolds] as number) > machine.capacity.holds / 2) return;
      const pfn = findInCache(machine, (machine.mapBase[this.#file] as number) + page);
      if (pfn !== NO_PAGE) startWriteback(machine, pfn);
    }
  }
}
