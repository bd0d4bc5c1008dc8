import { mlockedPages, pageTypeConformance } from 'vacate/testing';
import plugin from './index.js';

describe('mlocked', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...mlockedPages(), operations: 2000 })) it(name, run);
});
