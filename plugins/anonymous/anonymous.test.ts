import { anonymousFixture } from '../../test/conformance/fixtures.js';
import { pageTypeConformance } from '../../test/conformance/page-type-conformance.js';
import anonymous from './index.js';

describe('anonymous', () => {
  for (const { name, run } of pageTypeConformance(anonymous, { fixture: anonymousFixture })) it(name, run);
});
