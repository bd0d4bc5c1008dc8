/** Where two kernels' mm/compaction.c differ in what they do; everything else is the same in both. */
export interface KernelRules {
  /** Pages passed over in one step, of a free block or a compound page, are counted as scanned, each. */
  readonly countsPassedOver: boolean;
  /** Folios larger than a page are moved too, if smaller than a pageblock and than the block that is wanted. */
  readonly movesLargeFolios: boolean;
  /** Isolated free pages are kept in blocks by order, smallest used first; else split at once, the last one used first. */
  readonly keepsOrders: boolean;
  /** Isolating free memory asks for what is left of the batch; else for the whole batch each time. */
  readonly countsDownBatch: boolean;
  /** The pageblock in which the last batch ended is the one to be finished next; else that in which it began. */
  readonly remembersEndOfBatch: boolean;
  /** A failure below MIGRATE_SYNC has the rest of the pageblock scanned at once; else async gives up the aligned block. */
  readonly finishesAfterFailure: boolean;
  /** A pageblock is marked as visited with the first page that is taken of it; else only if that is its very first. */
  readonly marksByAnyPage: boolean;
  /** The fast search for a source marks the block that it chooses. */
  readonly marksFastSource: boolean;
  /** A block is no target if it starts with a free block of the wanted order; else of a pageblock. */
  readonly sparesWantedOrder: boolean;
}

/** Linux 6.1 (6.1.192). */
const V6_1: KernelRules = {
  countsPassedOver: false,
  movesLargeFolios: false,
  keepsOrders: false,
  countsDownBatch: false,
  remembersEndOfBatch: false,
  finishesAfterFailure: false,
  marksByAnyPage: false,
  marksFastSource: true,
  sparesWantedOrder: false,
};

/** Linux 6.12 (6.12.117). */
const V6_12: KernelRules = {
  countsPassedOver: true,
  movesLargeFolios: true,
  keepsOrders: true,
  countsDownBatch: true,
  remembersEndOfBatch: true,
  finishesAfterFailure: true,
  marksByAnyPage: true,
  marksFastSource: false,
  sparesWantedOrder: true,
};

export const KERNELS = ['6.1', '6.12'] as const;
export type Kernel = (typeof KERNELS)[number];

export const RULES: Readonly<Record<Kernel, KernelRules>> = { '6.1': V6_1, '6.12': V6_12 };

/** Most of what differs was changed for 6.4 to 6.6: what is older goes by 6.1, what is newer or unknown by 6.12. */
export function nearestKernel(release: string | null): Kernel {
  const [major = 6, minor = 12] =
    /^(\d+)\.(\d+)/
      .exec(release ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  return major < 6 || (major === 6 && minor < 4) ? '6.1' : '6.12';
}
