import { fileBackedFixture } from '../../test/conformance/fixtures.js';
import { pageTypeConformance } from '../../test/conformance/page-type-conformance.js';
import fileBacked from './index.js';

describe('file-backed', () => {
  for (const { name, run } of pageTypeConformance(fileBacked, { fixture: fileBackedFixture })) it(name, run);
});
