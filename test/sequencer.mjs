import Sequencer from '@jest/test-sequencer';

/**
 * Tests that take longest, longest first. Jest knows how long a test took the last time and begins with the slowest, so
 * that no core idles at the end; a fresh clone has no last time, and there this list is what it knows. A name that is
 * gone does no harm.
 */
const SLOW = [
  'test/swarm/faults/faults.test.ts',
  'test/swarm/swarm.test.ts',
  'test/fuzz/readers.test.ts',
  'test/unit/scenario/examples.test.ts',
  'test/unit/shards/shards.test.ts',
  'test/unit/capture/stream-capture.test.ts',
  'test/unit/strategies/cancellation.test.ts',
  'test/conformance/host-conformance.test.ts',
  'test/conformance/shipped-strategies.test.ts',
  'test/conformance/broken-handlers.test.ts',
  'test/fuzz/every-reader.test.ts',
  'test/unit/scenario/activities.test.ts',
  'test/unit/migration/races.test.ts',
  'test/unit/sim/machine-size.test.ts',
  'test/fuzz/several-files.test.ts',
  'test/unit/forecast/over-a-host.test.ts',
  'test/tidy.test.ts',
  'test/unit/forecast/captures.test.ts',
  'test/conformance/host-broken.test.ts',
  'test/unit/linux/capture-host.test.ts',
  'test/unit/linux/image-host.test.ts',
  'test/unit/strategies/compaction-captures.test.ts',
  'test/unit/scenario/machine-from-scenario.test.ts',
  'test/fuzz/api.test.ts',
  'test/unit/strategies/random-freeing.test.ts',
  'test/unit/cli/high-order-live-outlook.test.ts',
  'test/dist/watch.test.ts',
  'test/dist/cli.test.ts',
  'test/dist/nodes.test.ts',
  'test/dist/interleave.test.ts',
  'test/dist/bench.test.ts',
  'test/dist/compare.test.ts',
  'test/dist/mutants.test.ts',
  'test/dist/replay.test.ts',
  'test/dist/high-order-live.test.ts',
  'test/dist/view/runs.test.ts',
  'test/dist/offline-live.test.ts',
  'test/dist/random-freeing.test.ts',
  'test/dist/soak.test.ts',
  'test/dist/html.test.ts',
  'test/dist/threads.test.ts',
  'test/dist/explain.test.ts',
  'test/dist/capture.test.ts',
  'test/dist/examples.test.ts',
  'test/dist/forecast.test.ts',
  'test/guest/offline.test.ts',
  'test/guest/forecast.test.ts',
  'test/guest/look.test.ts',
  'test/guest/compaction.test.ts',
];

const rank = ({ path }) => {
  const at = SLOW.findIndex((name) => path.endsWith(`/${name}`));
  return at < 0 ? SLOW.length : at;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const remembers = sorted.some(({ duration }) => duration !== undefined);
    return remembers ? sorted : sorted.sort((a, b) => rank(a) - rank(b));
  }
}
