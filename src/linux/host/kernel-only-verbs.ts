import type { RmapVisit } from '../../host/memory-host.js';
import { cannotAsk } from './host-verbs.js';

/** The verbs of a `MemoryHost` that a real kernel keeps to itself; each throws a VacateError of kind "host". */
export abstract class KernelOnlyVerbs {
  isolateRange(): never {
    return cannotAsk('isolateRange');
  }

  undoIsolateRange(): never {
    return cannotAsk('undoIsolateRange');
  }

  drain(): never {
    return cannotAsk('drain');
  }

  drainLru(): never {
    return cannotAsk('drainLru');
  }

  reverseMap(): readonly RmapVisit[] {
    return cannotAsk('reverseMap');
  }

  allocateTarget(): never {
    return cannotAsk('allocateTarget');
  }

  freeTarget(): never {
    return cannotAsk('freeTarget');
  }

  lock(): never {
    return cannotAsk('lock');
  }

  /** Throws, as `lock` does. */
  unlock(): never {
    return cannotAsk('unlock');
  }

  freeze(): never {
    return cannotAsk('freeze');
  }

  unfreeze(): never {
    return cannotAsk('unfreeze');
  }

  unmap(): never {
    return cannotAsk('unmap');
  }

  shootdown(): never {
    return cannotAsk('shootdown');
  }

  remap(): never {
    return cannotAsk('remap');
  }

  copy(): never {
    return cannotAsk('copy');
  }

  carry(): never {
    return cannotAsk('carry');
  }

  freeSource(): never {
    return cannotAsk('freeSource');
  }

  split(): never {
    return cannotAsk('split');
  }

  waitForWriteback(): never {
    return cannotAsk('waitForWriteback');
  }

  relax(): never {
    return cannotAsk('relax');
  }
}
