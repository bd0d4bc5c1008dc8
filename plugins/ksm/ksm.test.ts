import { ksmPages, pageTypeConformance } from 'vacate/testing';
import plugin from './index.js';

describe('ksm', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...ksmPages(), operations: 2000 })) it(name, run);
});
