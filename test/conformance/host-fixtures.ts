import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type HostWorld, simulatedWorld } from 'vacate/testing';
import anonymous from '../../plugins/anonymous/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import { readCapture } from '../../src/capture/index.js';
import { KeptMachine } from '../../src/compare/kept-machine.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { DirectBlockWriter } from '../../src/linux/host/block-writer.js';
import { ImageHost } from '../../src/linux/host/image-host.js';
import { LinuxHost } from '../../src/linux/host/linux-host.js';
import { LinuxTree } from '../../src/linux/linux-tree.js';
import type { MachineImage } from '../../src/mm/machine-image.js';
import { machineFromScenario, parseScenario } from '../../src/scenario/index.js';
import { machineFromImage } from '../../src/sim/from-image.js';
import { type Machine } from '../../src/sim/machine.js';
import { unfoldCapture } from '../unit/linux/trees.js';

/** In the order in which the shipped ones are asked. */
export const PAGE_TYPES: readonly PageType[] = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

export const CAPTURES = ['mixed-offline/before-memory32', 'fragslab-offline-kernelzone/before-memory36'] as const;

const images = new Map<string, MachineImage>();

/** A capture of test/fixtures/captures; reading it changes nothing, so it is read once. */
export function imageOf(capture: string): MachineImage {
  const known = images.get(capture);
  if (known !== undefined) return known;
  const image = readCapture(fileURLToPath(new URL(`../fixtures/captures/${capture}`, import.meta.url)));
  images.set(capture, image);
  return image;
}

/** The host that a capture was taken of, as far as a tree can stand for it. */
export function recordedHost(capture: string): HostWorld {
  const image = imageOf(capture);
  const tree = new LinuxTree(unfoldCapture(capture));
  const writer = new DirectBlockWriter(tree);
  const busyBlock = image.dimms[0]!.range.start / image.blockPages;
  const host = new LinuxHost(tree, image, {
    // The kernel of a tree has no opinion: this one refuses one block, as a real one refuses what does not get empty.
    write: (block, word) => (block === busyBlock ? 'EBUSY' : writer.write(block, word)),
  });
  return { host, spareBlock: busyBlock + 1, busyBlock, takeOffline: (block) => host.offlineBlock(block) };
}

let kept: { capture: string; machine: KeptMachine } | null = null;

/** The image of a capture, as whoever only asks has it: no block of it goes anywhere. */
export function imageWorld(capture: string): HostWorld {
  const host = new ImageHost(imageOf(capture));
  host.show({ start: 0, end: host.layout.nrPfns });
  return { host, spareBlock: null, busyBlock: null, takeOffline: () => host.offlineBlock() };
}

/** The machine that a capture describes, simulated; built once and put back each time. */
export function simulatedCapture(capture: string): HostWorld {
  if (kept?.capture !== capture) kept = { capture, machine: new KeptMachine(machineFromImage(imageOf(capture))) };
  else kept.machine.restore();
  return simulatedWorld(kept.machine.machine);
}

const SMALL = `
name: small
cpus: 2
blockSize: 4MiB
dma32: 4MiB
swap: 16MiB
nodes:
  - boot: 24MiB
    dimms:
      - { name: slow, size: 8MiB, zone: kernel }
      - { name: fast, size: 16MiB, zone: movable }
  - { name: far, boot: 8MiB }
workloads:
  - { kind: anonymous, size: 6MiB, processes: 2, keep: 0.6 }
  - { kind: files, size: 4MiB, files: 3, mapped: 0.5, dirty: 0.2, buffers: 0.3 }
  - { kind: slab, size: 1MiB }
`;

export function smallMachineUnderLoad(): Machine {
  return machineFromScenario(parseScenario(SMALL, 'small.yaml'));
}

export function smallHost(): HostWorld {
  return simulatedWorld(smallMachineUnderLoad());
}

export function scenarioHost(name: string): HostWorld {
  const path = fileURLToPath(new URL(`../../examples/scenarios/${name}.yaml`, import.meta.url));
  return simulatedWorld(machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path)));
}
