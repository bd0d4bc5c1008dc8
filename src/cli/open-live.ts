import { VacateError } from '../base/vacate-error.js';
import { readCapture, TAKE_AGAIN } from '../capture/index.js';
import type { LinuxTree } from '../linux/linux-tree.js';
import { LiveFiles, whyNoPages } from '../linux/live-files.js';
import type { MachineImage } from '../mm/machine-image.js';
import type { Interrupts } from './interrupts.js';
import type { Captured } from './open-machine.js';
import type { Progress } from './progress.js';

export { treeOf } from './host-tree.js';

/** The name of the host under us, or of the copy of one that --root names. */
export const LIVE = 'live';
/** On a busy host the counters may have moved on before the last page was read; seldom so three times. */
const TRIES = 3;

export interface OpenLiveOptions {
  readonly progress: Progress;
  readonly interrupts: Interrupts;
}

/**
 * What a host says of itself just now.
 *
 * @throws VacateError kind 'host' if it does not say enough, or says what makes no sense.
 */
export async function readLive(tree: LinuxTree, options: OpenLiveOptions): Promise<Captured> {
  const obstacle = whyNoPages(tree);
  if (obstacle !== null) throw new VacateError('host', obstacle);
  for (let tries = 1; ; tries++) {
    const files = await readFiles(tree, options);
    try {
      return { files, image: imageOf(files, options) };
    } catch (cause) {
      if (!VacateError.is(cause) || cause.kind !== 'capture') throw cause;
      if (!tree.isLive || tries === TRIES) throw aboutHost(tree, cause);
    }
    await options.interrupts.breathe();
  }
}

async function readFiles(tree: LinuxTree, { progress, interrupts }: OpenLiveOptions): Promise<LiveFiles> {
  const { signal } = interrupts;
  try {
    return await LiveFiles.read(tree, {
      signal,
      onProgress: (done, total) => progress.update({ label: 'reading this host', done, total, unit: null }),
    });
  } catch (cause) {
    await interrupts.breathe();
    throw cause;
  }
}

/** An image takes a second for a few dozen GiB, and nothing is at stake meanwhile. */
function imageOf(files: LiveFiles, { interrupts, progress }: OpenLiveOptions): MachineImage {
  const image = interrupts.whileNothingIsAtStake(() =>
    readCapture(files, {
      onProgress: (done) => progress.update({ label: 'understanding it', done, total: 1, unit: null }),
    }),
  );
  return { ...image, caveats: image.caveats.map((caveat) => caveat.replace(/^The capture /, 'This host ')) };
}

/** The sentence was made for whoever holds a capture; a host is not taken, it is asked again. */
function aboutHost(tree: LinuxTree, cause: VacateError): VacateError {
  const advice = tree.isLive ? 'run the command again' : 'copy the tree again, all of its files in one go';
  return new VacateError('host', cause.message.replace(TAKE_AGAIN, advice), { cause });
}
