import type { SimHost } from '../../sim/sim-host.js';
import type { World } from './world.js';

/** What a migrator does to pages, page tables and the allocator, by the names that the host has for it. */
const HOST_VERBS = [
  ...['allocateTarget', 'freeTarget', 'lock', 'unlock', 'freeze', 'unfreeze', 'unmap', 'shootdown', 'remap', 'copy'],
  ...['carry', 'freeSource', 'split', 'waitForWriteback', 'relax', 'drain', 'drainLru'],
];
/** The same, for what handlers do. */
const PAGE_VERBS = [
  ...['isolateFromLru', 'putbackToLru', 'isolateFromDriver', 'putbackToDriver', 'moveSlot', 'moveBuffers'],
];

/** The host, with other CPUs let in before every verb: the finest grain that its contract promises. */
export function preempted(host: World['host'], before: (verb: string) => void): SimHost {
  const pages = interposed(host.pages, PAGE_VERBS, before);
  return new Proxy(interposed(host, HOST_VERBS, before), {
    get: (target, key) => (key === 'pages' ? pages : Reflect.get(target, key)),
  });
}

function interposed<T extends object>(whole: T, verbs: readonly string[], before: (verb: string) => void): T {
  return new Proxy(whole, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      if (!verbs.includes(key as string)) return member.bind(target);
      return (...given: unknown[]) => {
        before(key as string);
        return member.apply(target, given);
      };
    },
  });
}
