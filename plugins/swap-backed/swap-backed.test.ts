import { swapBackedFixture } from '../../test/conformance/fixtures.js';
import { pageTypeConformance } from '../../test/conformance/page-type-conformance.js';
import swapBacked from './index.js';

describe('swap-backed', () => {
  for (const { name, run } of pageTypeConformance(swapBacked, { fixture: swapBackedFixture })) it(name, run);
});
