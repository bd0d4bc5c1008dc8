import { register } from 'node:module';

/*
 * `node --import ./dist/test/interleave/mutate.js` makes mutants loadable: `import('./main.js?mutant=no-shootdown')` loads
 * that module, and everything it imports from what was built, with the mutant's edits made. Several mutants, and the
 * product itself, stand side by side in one process. VACATE_MUTANT=name makes the program that is started one.
 */
register('./mutate-hooks.js', import.meta.url, { data: { entry: process.env.VACATE_MUTANT ?? null } });
