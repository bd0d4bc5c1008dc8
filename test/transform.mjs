import tsJest from 'ts-jest';

/*
 * TypeScript into JavaScript by ts-jest, and each built-in that a file names bound once. Jest runs tests in a context
 * of its own, where Node looks up every use of a global through a callback: 0.3 µs for a `Math.min` that V8 has inlined
 * anywhere else, and loops over pages use millions.
 */

/** Those that loops use. What tests replace (clocks, timers) is looked up each time, as it must be. */
const BUILT_INS = [
  ...['Array', 'Atomics', 'BigInt', 'Infinity', 'Map', 'Math', 'NaN', 'Number', 'Object', 'Set', 'String', 'WeakMap'],
  ...['BigUint64Array', 'DataView', 'Float64Array', 'Int32Array', 'Uint8Array', 'Uint16Array', 'Uint32Array'],
];
const NAMED = new RegExp(`\\b(?:${BUILT_INS.join('|')})\\b`, 'g');

/** Part of the cache's key: change it with what `bound` does. */
const VERSION = 'built-ins-1';

/** In the first line, so that all lines keep their numbers. */
function bound(result) {
  const used = [...new Set(result.code.match(NAMED))];
  return used.length === 0 ? result : { ...result, code: `const { ${used.join(', ')} } = globalThis; ${result.code}` };
}

export default {
  createTransformer(options) {
    const typescript = tsJest.default.createTransformer(options);
    return {
      getCacheKey: (...file) => `${VERSION}${typescript.getCacheKey(...file)}`,
      getCacheKeyAsync: async (...file) => `${VERSION}${await typescript.getCacheKeyAsync(...file)}`,
      process: (...file) => bound(typescript.process(...file)),
      processAsync: async (...file) => bound(await typescript.processAsync(...file)),
    };
  },
};
