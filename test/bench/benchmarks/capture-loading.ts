import { machineFromImage, readCapture } from 'vacate';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { hashWords, timed } from '../framework/timed.js';
import { captureIn, plainReadInC } from './plain-read.js';

export const captureLoading: Benchmark = {
  name: 'capture-loading',
  shows:
    'Reading a whole capture (flags, mapping counts, zones, migratetypes; what contradicts itself is found) into an ' +
    'image, and making a machine of the image that can run: processes, page tables, files, free lists, LRU.',
  doesNotShow: 'A form in C of the same work: the plain read of the flags alone is what there is to compare with.',
  sizes: [1, 16],
  unit: 'page',
  goals: [],
  async prepare(context: Context) {
    const directory = captureIn(context);
    const inC = await plainReadInC(context, directory, 'fresh');
    return [inC, ofImage(directory, context.nrPages), ofMachine(directory, context.nrPages)];
  },
};

function ofImage(directory: string, nrUnits: number): Contestant {
  let image: MachineImage | null = null;
  return timed({
    name: 'vacate, image',
    nrUnits,
    result: 'flags and mapping counts of an image',
    work() {
      image = readCapture(directory);
    },
    hash: () => hashWords(image!.mapcounts, hashWords(image!.flags)),
    release() {
      image = null;
    },
  });
}

function ofMachine(directory: string, nrUnits: number): Contestant {
  let machine: Machine | null = null;
  return timed({
    name: 'vacate, image and machine',
    nrUnits,
    result: 'flags, counts and page tables of a machine',
    work() {
      machine = machineFromImage(readCapture(directory));
    },
    hash: () => hashWords(machine!.ptes, hashWords(machine!.count, hashWords(machine!.flags))),
    release() {
      machine = null;
    },
  });
}
