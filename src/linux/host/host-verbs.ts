import { VacateError } from '../../base/vacate-error.js';

/**
 * Verbs of `MemoryHost` that a real kernel does itself, each as part of something larger, and offers to nobody; and why
 * it cannot be asked for them one by one.
 */
export const KERNEL_ONLY = {
  isolateRange: 'a range is isolated only while a block of it goes offline',
  undoIsolateRange: 'a range is isolated only while a block of it goes offline',
  drain: 'per-CPU lists are drained only while a block goes offline',
  drainLru: 'LRU batches are drained only while a block goes offline',
  allocateTarget: 'migration takes its own targets',
  freeTarget: 'migration takes its own targets',
  lock: 'pages are the kernel’s to lock',
  unlock: 'pages are the kernel’s to lock',
  freeze: 'reference counts are the kernel’s to change',
  unfreeze: 'reference counts are the kernel’s to change',
  unmap: 'page tables of other processes cannot be written',
  shootdown: 'translations are forgotten by the kernel alone',
  remap: 'page tables of other processes cannot be written',
  copy: 'migration copies pages itself',
  carry: 'migration carries flags itself',
  freeSource: 'migration frees what it has moved itself',
  split: 'compound pages are split by the kernel as it needs',
  waitForWriteback: 'nobody can wait for the writeback of one page',
  relax: 'the time of a real machine passes by itself',
  reverseMap: 'the reverse map is not shown; /proc/PID/pagemap tells which process maps a page',
  'free.take': 'free lists cannot be taken from',
  'free.allocate': 'a process gets memory, but cannot choose which',
  'free.give': 'free lists cannot be added to',
  'free.free': 'free lists cannot be added to',
  'free.rotate': 'free lists cannot be reordered',
  'free.drainLocal': 'per-CPU lists are drained only while a block goes offline',
  'reclaim.shrinkZone': 'reclaim takes what is oldest, zone by zone, as it sees fit',
  'reclaim.pageout': 'only the owner of a page can ask for it to be paged out',
  'swap.add': 'reclaim alone puts pages into the swap cache',
  'swap.remove': 'reclaim alone takes pages out of the swap cache',
  'pages.isolateFromLru': 'pages are isolated only by migration',
  'pages.putbackToLru': 'pages are isolated only by migration',
  'pages.isolateFromDriver': 'pages are isolated only by migration',
  'pages.putbackToDriver': 'pages are isolated only by migration',
  'pages.moveSlot': 'slots of caches are re-pointed only by migration',
  'pages.moveBuffers': 'buffers are moved only by migration',
} as const;

export type KernelOnly = keyof typeof KERNEL_ONLY;

/** @throws VacateError kind 'host', always. */
export function cannotAsk(verb: KernelOnly): never {
  throw new VacateError(
    'host',
    `A real kernel cannot be asked for "${verb}": ${KERNEL_ONLY[verb]}. Ask it to take whole memory blocks offline, or ` +
      'work on a simulated copy of the machine.',
  );
}
