import type { Pfn } from './units.js';

/** Who has a page, as far as /proc tells. Texts hold nothing that a terminal would obey. */
export interface PageOwner {
  /** Id of the process that maps it; null for a page that none was seen to map. */
  readonly pid: number | null;
  /** The process's name (/proc/PID/comm), or null. */
  readonly command: string | null;
  /** What is mapped there: a file's path, "[heap]", "[stack]", or "[anon]". Null if not known. */
  readonly mapping: string | null;
  /** Path of its memory cgroup, "/system.slice/redis.service"; null if not known. */
  readonly cgroup: string | null;
}

/** Owners by page. Several processes may map a page; these are those that were seen to. */
export interface PageOwners {
  /** Empty if nobody was seen to have it. */
  ownersOf(pfn: Pfn): readonly PageOwner[];
}

/** More owners of one page nobody reads; libraries and what was forked have hundreds. */
export const OWNERS_MAX = 16;
export const NO_OWNERS = 0;
/** Numbers of owners and of sets must make one safe integer together. */
const OWNER_NUMBERS = 2 ** 21;
const SETS_MAX = 2 ** 31;

/**
 * Sets of owners, each made from another by adding one: pages that the same processes map, as those of a library, share
 * a set, and a page costs one word. Sets are numbered from 1; 0 is the empty one.
 */
export class OwnerSets {
  readonly owners: PageOwner[];
  /** By set: which it was made from, which owner was added, how many it has. */
  readonly #parents: number[] = [NO_OWNERS];
  readonly #added: number[] = [0];
  readonly #sizes: number[] = [0];
  readonly #made = new Map<number, number>();

  constructor(owners: PageOwner[] = []) {
    this.owners = owners;
  }

  get nrSets(): number {
    return this.#parents.length;
  }

  /** A number for an owner, or null if there are too many. */
  addOwner(owner: PageOwner): number | null {
    if (this.owners.length >= OWNER_NUMBERS) return null;
    this.owners.push(owner);
    return this.owners.length - 1;
  }

  /** The set with one more owner; the same if that was the last added, or it has as many as anybody reads. */
  withOwner(set: number, owner: number): number {
    if (set !== NO_OWNERS && (this.#added[set] === owner || this.#sizes[set]! >= OWNERS_MAX)) return set;
    const key = set * OWNER_NUMBERS + owner;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    if (this.nrSets >= SETS_MAX) return set;
    this.#made.set(key, this.nrSets);
    this.#parents.push(set);
    this.#added.push(owner);
    this.#sizes.push(this.#sizes[set]! + 1);
    return this.nrSets - 1;
  }

  /** In the order in which they were added; empty for a set that there is not. */
  ownersIn(set: number): PageOwner[] {
    const owners: PageOwner[] = [];
    for (let at = set; at > NO_OWNERS && at < this.nrSets; at = this.#parents[at]!) {
      owners.push(this.owners[this.#added[at]!]!);
    }
    return owners.reverse();
  }

  /** Two words for each set: what it was made from, and who was added. */
  toWords(): Uint32Array {
    const words = new Uint32Array(2 * this.nrSets);
    for (let set = 0; set < this.nrSets; set++) {
      words[2 * set] = this.#parents[set]!;
      words[2 * set + 1] = this.#added[set]!;
    }
    return words;
  }

  /** From such words; null if they make no sense. */
  static fromWords(words: Uint32Array, owners: PageOwner[]): OwnerSets | null {
    const sets = new OwnerSets(owners);
    for (let set = 1; set < words.length / 2; set++) {
      const parent = words[2 * set]!;
      const added = words[2 * set + 1]!;
      if (parent >= set || added >= owners.length || sets.withOwner(parent, added) !== set) return null;
    }
    return sets;
  }
}
