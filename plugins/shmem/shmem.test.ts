import { pageTypeConformance, shmemPages } from 'vacate/testing';
import plugin from './index.js';

describe('shmem', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...shmemPages(), operations: 2000 })) it(name, run);
});
