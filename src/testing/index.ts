/**
 * What whoever writes a page type, a strategy or a host tests it with (`vacate/testing`). Each kit is a list of cases, for
 * any runner of tests: `for (const { name, run } of pageTypeConformance(plugin, driverPages())) it(name, run)`.
 *
 * @module vacate/testing
 */
export { type ConformanceCase, ConformanceFailure, type Skip } from './conformance.js';
export { type HostOptions, hostConformance } from './hosts/host-conformance.js';
export { type HostCase, HostFailure, type HostWorld, type OpenHost } from './hosts/host-world.js';
export { HOST_RULES, type HostRule } from './hosts/rules.js';
export { simulatedWorld } from './hosts/simulated-world.js';
export { anonymousFixture, anonymousPages } from './machines/anonymous-pages.js';
export { driverPages, driversFixture, driversPages, movableOpsFixture } from './machines/driver-pages.js';
export { fileBackedFixture, fileBackedPages } from './machines/file-backed-pages.js';
export { hugetlbFixture, hugetlbPages } from './machines/hugetlb-pages.js';
export { ksmFixture, ksmPages } from './machines/ksm-pages.js';
export { pageThatIs } from './machines/make-pages.js';
export { mlockedFixture, mlockedPages } from './machines/mlocked-pages.js';
export { neverMove } from './machines/never-move.js';
export { nonlinearFixture, nonlinearPages } from './machines/nonlinear-pages.js';
export {
  offlinePages,
  offlinePagesFixture,
  poisonedFixture,
  poisonedPages,
} from './machines/offline-pages.js';
export { pinnedFixture, pinnedPages } from './machines/pinned-pages.js';
export type { Provoked } from './machines/ready-made.js';
export { shmemFixture, shmemPages } from './machines/shmem-pages.js';
export { settle, smallMachine } from './machines/small-machine.js';
export { swapBackedFixture, swapBackedPages } from './machines/swap-backed-pages.js';
export { thpFixture, thpPages } from './machines/thp-pages.js';
export { eachEntry, isFree, type PageRecord, recordOf } from './page-types/page-record.js';
export { type PageTypeOptions, pageTypeConformance } from './page-types/page-type-conformance.js';
export { PAGE_TYPE_RULES, type PageTypeRule } from './page-types/rules.js';
export { firstDifference, type Snapshot, snapshotOf } from './page-types/snapshot.js';
export {
  type Fixture,
  type FixturePage,
  move,
  openWorld,
  type PageTypeCase,
  type Provocation,
  refusedInTheMidst,
  runWith,
  type World,
} from './page-types/world.js';
export { STRATEGY_RULES, type StrategyRule } from './strategies/rules.js';
export { type StrategyOptions, strategyConformance } from './strategies/strategy-conformance.js';
export type { StrategyCase } from './strategies/trial.js';
