import { rolldown } from 'rolldown';

/*
 * What a bundler makes of a program, as text; a program of its own, since a bundler's answers are not of jest's world.
 * Argument: the program. Packages other than vacate stay outside.
 */

const [input] = process.argv.slice(2);
const build = await rolldown({ input, external: (id) => !/^([./]|vacate)/.test(id) });
const { output } = await build.generate({ format: 'esm' });
await build.close();
for (const { code } of output) console.log(code);
