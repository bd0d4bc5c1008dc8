import type { FirstLook } from '../capture/index.js';
import type { MemoryHost } from '../host/memory-host.js';
import { ImageHost } from '../linux/host/image-host.js';
import type { LinuxTree } from '../linux/linux-tree.js';
import { SimHost } from '../sim/sim-host.js';
import { LIVE, readLive, treeOf } from './open-live.js';
import {
  type Captured,
  checkName,
  checkRoot,
  type OpenOptions,
  openMachine,
  readNamedCapture,
} from './open-machine.js';
import type { BlockBook } from './select-blocks.js';

export interface LookOptions extends OpenOptions {
  /** False if nobody asks how often a page is mapped. */
  readonly mapcounts: boolean;
  /** Told of a capture when kpageflags has been read. */
  readonly onFlags?: (look: FirstLook) => void;
}

/** A machine as a command line names it, for commands that only ask what its pages would do. */
export interface LookedAt {
  readonly host: MemoryHost;
  /** The host, if a real kernel described it; null for a scenario. */
  readonly image: ImageHost | null;
  readonly book: BlockBook;
  readonly source: 'scenario' | 'capture' | 'live';
  /** What chance began with; null where none played. */
  readonly seed: number | null;
  /** What could not be known, in sentences. */
  readonly caveats: readonly string[];
  readonly captured: Captured | null;
  /** The host itself, for what no capture has; null unless the machine is live. */
  readonly tree: LinuxTree | null;
}

/**
 * A capture directory or the host under us ("live") as it was read; to build a machine from it, as `openMachine` does, takes
 * ten times as long. A scenario becomes a machine.
 *
 * @throws VacateError as openMachine does.
 */
export async function openToLook(name: string, options: LookOptions): Promise<LookedAt> {
  checkRoot(name, options.root);
  await options.interrupts.breathe();
  const isCapture = name !== LIVE && checkName(name).isDirectory();
  if (name !== LIVE && !isCapture) {
    const { machine, ...rest } = await openMachine(name, options);
    return { ...rest, host: new SimHost(machine), image: null, book: machine };
  }
  const tree = isCapture ? null : treeOf(options.root);
  const captured = tree === null ? await readNamedCapture(name, options, options) : await readLive(tree, options);
  options.progress.stop();
  await options.interrupts.breathe();
  const image = new ImageHost(captured.image);
  const { caveats } = captured.image;
  const source = isCapture ? 'capture' : 'live';
  return { host: image, image, book: bookOf(image), source, seed: null, caveats, captured, tree };
}

function bookOf(host: ImageHost): BlockBook {
  const { name, layout } = host;
  const { nrPfns, blockPages, dimms } = layout;
  const blockState = Uint8Array.from({ length: Math.ceil(nrPfns / blockPages) }, (_, block) => host.blockState(block));
  return { spec: { name, blockPages, dimms }, blockState };
}
