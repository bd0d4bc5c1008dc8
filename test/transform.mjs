import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/*
 * TypeScript into JavaScript, and each built-in that a file names bound once. Jest runs tests in a context of its own,
 * where Node looks up every use of a global through a callback: 0.3 µs for a `Math.min` that V8 has inlined anywhere
 * else, and loops over pages use millions.
 *
 * ts-jest translates. After a build of the very same files there is nothing left to translate: test/run.mjs, which has
 * made one from scratch, says so by VACATE_BUILT=1, and what the compiler wrote is read instead.
 */

/**
 * Every suite loads its modules anew, so that its code is always young, and V8 gathers what it needs for optimizing
 * only from code that has run a while. From the first call on, tests take a tenth less.
 */
setFlagsFromString('--no-lazy-feedback-allocation');

/** Those that loops use. What tests replace (clocks, timers) is looked up each time, as it must be. */
const BUILT_INS = [
  ...['Array', 'Atomics', 'BigInt', 'Infinity', 'Map', 'Math', 'NaN', 'Number', 'Object', 'Set', 'String', 'WeakMap'],
  ...['BigUint64Array', 'DataView', 'Float64Array', 'Int32Array', 'Uint8Array', 'Uint16Array', 'Uint32Array'],
];
const NAMED = new RegExp(`\\b(?:${BUILT_INS.join('|')})\\b`, 'g');

/** Part of the cache's key: change it with what `bound` does. */
const VERSION = 'built-ins-3';

/** In the first line, so that all lines keep their numbers. */
function bound(result) {
  const used = [...new Set(result.code.match(NAMED))];
  return used.length === 0 ? result : { ...result, code: `const { ${used.join(', ')} } = globalThis; ${result.code}` };
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What the compiler wrote for a source; null for what no build has translated (the page in the browser is bundled). */
function builtFrom(path) {
  if (process.env.VACATE_BUILT !== '1') return null;
  const script = join(ROOT, 'dist', relative(ROOT, path).replace(/\.ts$/, '.js'));
  return existsSync(script) ? script : null;
}

/** A translation as jest wants it: the map beside it, and in that the source by its full name. */
function readBuilt(script, path, source) {
  const code = readFileSync(script, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
  const map = { ...JSON.parse(readFileSync(`${script}.map`, 'utf8')), sources: [path], sourcesContent: [source] };
  return { code, map };
}

/** Takes a second to load, and is not needed where everything was built. */
const loadTsJest = () => createRequire(import.meta.url)('ts-jest').default;

export default {
  createTransformer(options) {
    let loaded = null;
    const typescript = () => {
      loaded ??= loadTsJest().createTransformer(options);
      return loaded;
    };
    return {
      getCacheKey(source, path, ...rest) {
        const hash = createHash('sha256').update(`${VERSION}\0${path}\0`);
        const script = builtFrom(path);
        // Of what the compiler wrote, not of the source: whoever edits that while tests run would find this under its name.
        const key = script !== null ? readFileSync(script) : typescript().getCacheKey(source, path, ...rest);
        return hash.update(key).digest('hex');
      },
      process(source, path, ...rest) {
        const script = builtFrom(path);
        return bound(script !== null ? readBuilt(script, path, source) : typescript().process(source, path, ...rest));
      },
    };
  },
};
