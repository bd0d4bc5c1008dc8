import { nonlinearFixture } from '../../test/conformance/fixtures.js';
import { pageTypeConformance } from '../../test/conformance/page-type-conformance.js';
import nonlinear from './index.js';

describe('nonlinear', () => {
  for (const { name, run } of pageTypeConformance(nonlinear, { fixture: nonlinearFixture })) it(name, run);
});
