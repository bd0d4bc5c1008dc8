import { VacateError } from '../../base/vacate-error.js';
import { BLOCK_ABSENT, BLOCK_OFFLINE, BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import {
  exists,
  expectSame,
  expectThat,
  fail,
  freeListsOf,
  type HostCase,
  type HostWorld,
  hashOf,
  isFree,
  nrBlocksOf,
  type OpenHost,
  onHost,
  statesOf,
} from './host-world.js';

/** Memory blocks going and coming. */
export function blockRules(open: OpenHost): HostCase[] {
  return [
    onHost(open, 'blocks-go-whole', 'a block goes off line with all its pages, and no other does', (world) => {
      const { host } = world;
      const block = spareOf(world);
      const before = statesOf(host);
      expectThat(world.takeOffline(block), `block ${block} is refused`);
      expectSame(host.blockState(block), BLOCK_OFFLINE, `the state of block ${block}`);
      const { start, end } = blockRange(block, host.layout.blockPages);
      for (let pfn = start; pfn < end; pfn++) if (exists(host, pfn)) fail(`page ${pfn} of it is still there`);
      for (let other = 0; other < nrBlocksOf(host); other++)
        if (other !== block) expectSame(`${host.blockState(other)}`, before[other]!, `the state of block ${other}`);
      checkValid(world);
    }),
    onHost(open, 'blocks-come-back', 'a block that comes back is free, and all states are as before', (world) => {
      const { host } = world;
      const block = spareOf(world);
      const before = statesOf(host);
      expectThat(world.takeOffline(block), `block ${block} is refused`);
      host.onlineBlock(block);
      expectSame(statesOf(host), before, 'the states of all blocks');
      const { start, end } = blockRange(block, host.layout.blockPages);
      for (let pfn = start; pfn < end; pfn++) if (!isFree(host, pfn)) fail(`page ${pfn} of it is not free`);
      checkValid(world);
    }),
    onHost(open, 'blocks-come-back', 'a block may go and come as often as one likes', (world) => {
      const block = spareOf(world);
      const seen = new Set<string>();
      for (let round = 0; round < 3; round++) {
        expectThat(world.takeOffline(block), `block ${block} is refused in round ${round}`);
        world.host.onlineBlock(block);
        seen.add(`${statesOf(world.host)} ${freeListsOf(world.host)}`);
      }
      expectSame(seen.size, 1, 'the number of ways that the machine looked afterwards');
    }),
    onHost(open, 'refused-blocks-stay', 'a block that is refused is as it was, and so is everything else', (world) => {
      const { host, busyBlock } = world;
      expectThat(busyBlock !== null, 'no block of it is refused');
      const before = `${hashOf(host)} ${statesOf(host)} ${freeListsOf(host)}`;
      expectThat(!world.takeOffline(busyBlock), `block ${busyBlock} went, although it is in use`);
      expectSame(host.blockState(busyBlock), BLOCK_ONLINE, `the state of block ${busyBlock}`);
      expectSame(`${hashOf(host)} ${statesOf(host)} ${freeListsOf(host)}`, before, 'the host after it');
    }),
    onHost(open, 'refused-blocks-stay', 'a block that does not exist does not go', (world) => {
      const { host } = world;
      const absent = Array.from({ length: nrBlocksOf(host) }, (_, block) => block).find(
        (block) => host.blockState(block) === BLOCK_ABSENT,
      );
      for (const block of [nrBlocksOf(host) + 7, ...(absent === undefined ? [] : [absent])]) {
        const before = `${hashOf(host)} ${statesOf(host)}`;
        expectThat(!attempt(() => host.offlineBlock(block)), `block ${block}, which does not exist, went`);
        expectSame(`${hashOf(host)} ${statesOf(host)}`, before, `the host after block ${block}`);
      }
    }),
  ];
}

/** True if it was done; a refusal may also be an error with a sentence, and nothing else. */
function attempt(act: () => boolean): boolean {
  try {
    return act();
  } catch (error) {
    if (VacateError.is(error)) return false;
    throw error;
  }
}

function spareOf({ spareBlock }: HostWorld): number {
  expectThat(spareBlock !== null, 'no block of it can go as it is');
  return spareBlock;
}

function checkValid({ host }: HostWorld): void {
  const [first] = host.validate();
  expectThat(first === undefined, `an invariant is broken: ${first}`);
}
