import { defineStrategy } from 'vacate/strategy';

/** A strategy that makes nothing; on a node that is called "node2" it ends its thread without an error. */
export default defineStrategy({
  frontEnd: 'high-order',
  create: ({ service }) => ({
    name: 'ends-a-node',
    about: 'makes nothing, and does not come back from one node',
    *run({ order, count }) {
      yield { step: 'scanning', done: 0, total: 1 };
      if (service.host.name.endsWith('/node2')) process.exit(7);
      const moved = { sources: new Uint32Array(), targets: new Uint32Array() };
      const nothing = { made: 0, freeBefore: 0, pagesMigrated: 0, pagesReclaimed: 0, scanned: null, lowerBound: null };
      const lists = { candidates: null, ranges: [], refusals: [], moved };
      return { outcome: 'refused', strategy: 'ends-a-node', order, asked: count, ...nothing, ...lists };
    },
  }),
});
