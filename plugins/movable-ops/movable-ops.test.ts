import { movableOpsFixture } from '../../test/conformance/fixtures.js';
import { pageTypeConformance } from '../../test/conformance/page-type-conformance.js';
import movableOps from './index.js';

describe('movable-ops', () => {
  for (const { name, run } of pageTypeConformance(movableOps, { fixture: movableOpsFixture })) it(name, run);
});
