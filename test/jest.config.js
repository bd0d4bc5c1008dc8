import { fileURLToPath } from 'node:url';

const rootDir = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Suites that need something this machine lacks: test/provision.mjs found out and says so in its report. */
const suitesToSkip = JSON.parse(process.env.VACATE_SKIP_SUITES ?? '[]');

/** Compiled sources name each other by what they compile to (`./pfn.js`); in tests that is a `.ts` beside it. */
const relative = { '^(\\.{1,2}/.*)\\.js$': '$1' };

/** Examples and plugins name the package; until it is built, that means its sources. */
const sources = {
  '^vacate$': '<rootDir>/src/index.ts',
  '^vacate/(handler|linux|sim|testing)$': '<rootDir>/src/$1/index.ts',
  '^vacate/strategy$': '<rootDir>/src/strategies/index.ts',
  '^vacate/plugins/(.*)$': '<rootDir>/plugins/$1/index.ts',
  ...relative,
};

/** Whole commands load page types as they do in dist, by the addresses of compiled files. */
const loaded = { '^(/.*/plugins/[^/]+/index)\\.js$': '$1', ...sources };

/** Type errors are the type check's business: with isolatedModules ts-jest only strips types. */
const shared = {
  rootDir,
  testEnvironment: 'node',
  // For what hangs. How long something takes says how busy the machine is: jest's own 5 s pass while it does other things.
  testTimeout: 300_000,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['<rootDir>/test/transform.mjs', { useESM: true, tsconfig: '<rootDir>/tsconfig.json' }] },
  // A second package of our name, made of the first, and its command.
  modulePathIgnorePatterns: ['<rootDir>/dist/package(-cli)?/'],
  testPathIgnorePatterns: ['/node_modules/', ...suitesToSkip.map((path) => `<rootDir>/${path}$`)],
};

export default {
  rootDir, // at the top as well, or coverage of several projects reports nothing
  testSequencer: '<rootDir>/test/sequencer.mjs',
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', 'plugins/**/*.ts', '!**/*.test.ts'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      moduleNameMapper: sources,
      testMatch: ['<rootDir>/{src,plugins,test/unit,test/conformance}/**/*.test.ts', '<rootDir>/test/tidy.test.ts'],
    },
    { ...shared, displayName: 'swarm', moduleNameMapper: sources, testMatch: ['<rootDir>/test/swarm/**/*.test.ts'] },
    // Whatever is not ours to write: texts, files, arguments.
    { ...shared, displayName: 'fuzz', moduleNameMapper: loaded, testMatch: ['<rootDir>/test/fuzz/**/*.test.ts'] },
    // The built package as its users get it: `vacate` resolves through its own exports map, workers are real.
    { ...shared, displayName: 'dist', moduleNameMapper: relative, testMatch: ['<rootDir>/test/dist/**/*.test.ts'] },
    // The page of the built package in a real browser.
    {
      ...shared,
      displayName: 'browser',
      moduleNameMapper: relative,
      testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
    },
    // The built package inside real kernels. Each suite emulates a machine: run few at a time.
    { ...shared, displayName: 'guest', moduleNameMapper: relative, testMatch: ['<rootDir>/test/guest/**/*.test.ts'] },
  ],
};
