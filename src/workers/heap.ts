import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/**
 * Bytes of the calling thread's heap that are in use, what is garbage not counted: it is collected first, or what is in
 * use could not be told from what is left over. Takes milliseconds.
 */
export function heapUsedBytes(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  return getHeapStatistics().used_heap_size;
}
