import { captureDigest } from '../capture-digest.js';
import type { OpenMachine } from '../open-machine.js';
import type { RecordWish } from './recording.js';

/**
 * Looks at --record before anything that takes long.
 *
 * @throws VacateError kind 'usage' if the run cannot be recorded, or not in that file.
 */
export async function checkRecord(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const { checkRecordFile } = await import('./record-file.js');
  checkRecordFile(path);
}

export function recordWish(path: string | undefined, { source, seed, captured }: OpenMachine): RecordWish | null {
  if (path === undefined) return null;
  return { path, source, seed, ...(source === 'capture' ? { digest: captureDigest(captured!.files.where) } : {}) };
}
