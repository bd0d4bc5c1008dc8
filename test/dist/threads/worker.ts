import 'reflect-metadata';
import { parentPort, workerData } from 'node:worker_threads';
import { mingle } from './mingle.js';
import type { AnyPart } from './parts.js';
import { access, roam } from './rates.js';
import { loadOnCue, offline, storeLate } from './roles.js';

/** A thread of a test: plays its part and posts what came of it. */
async function play(part: AnyPart): Promise<unknown> {
  switch (part.role) {
    case 'storeLate':
      return storeLate(part);
    case 'loadOnCue':
      return loadOnCue(part);
    case 'offline':
      return offline(part);
    case 'access':
      return access(part);
    case 'roam':
      return roam(part);
    case 'mingle':
      return mingle(part);
  }
}

parentPort?.postMessage(await play(workerData as AnyPart));
