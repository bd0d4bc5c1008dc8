import type { Reader } from '../reader.js';
import { captureReaders } from './captures.js';
import { hostReaders } from './hosts.js';
import { logReaders } from './logs.js';
import { optionReaders } from './options.js';
import { queueReaders } from './queue.js';
import { recordingReaders } from './recordings.js';
import { recordReaders } from './records.js';
import { remoteReaders } from './remote.js';
import { scenarioReaders } from './scenarios.js';
import { viewReaders } from './view.js';

/** Everything that reads what is not ours; `every-reader.test.ts` looks for those that are missing. */
export const readers: readonly Reader[] = [
  ...optionReaders,
  ...scenarioReaders,
  ...recordReaders,
  ...recordingReaders,
  ...logReaders,
  ...captureReaders,
  ...hostReaders,
  ...viewReaders,
  ...queueReaders,
  ...remoteReaders,
];
