import { type Mutant, mutants } from './mutants.js';
import type { Verdict } from './mutants-find.js';

/** What the migrator does between two steps of the others, when nobody else has come in, says nothing. */
const PAUSE = 'CPU0 cond_resched()';

const HEAD = `# Every interleaving

The explorer takes a migration as it ships (its phases, the handlers, the simulated host) through every interleaving with
what other CPUs do, in machines of one to three pages. It is no model of the protocol: before each verb of the migrator
(\`folio_trylock\`, \`try_to_migrate\`, \`folio_ref_freeze\`, ...) and at each of its pauses, any step of another CPU that the
kernel would allow may come in: a load or a store, each in two halves; a fault, fork, exit, munmap, mlock, truncate;
read(2), write(2); reclaim, writeback and its end; a reference taken without a lock; pins, locks, a neighbour's memory.
States are hashed, so none is explored twice, and steps that have nothing to do with each other are taken in one order.

\`\`\`sh
npm run build
node dist/test/interleave/main.js --set test       # all that npm test explores; how much that is, totals.ts has
npm run interleave                                 # and more pages, CPUs and operations
node dist/test/interleave/main.js --help           # other sizes, one world, JSON
node dist/test/interleave/main.js --replay PATH    # one path again, with what each page is like before each step
\`\`\`

A violation is: a process, read(2) or a device that sees anything but what was last written; a broken invariant of the
machine (\`src/sim/validate.ts\`); a page that stays locked, isolated or lost, or a task that would sleep for ever; a report
that says what is not so; an error.

## Mutants

Would it notice? Each guard of the protocol, every lock, check, count and order of steps, is switched off in turn, and the
explorer has to find out. The product has no switches: a mutant is an edit of the built product, made while it is loaded
(\`mutate.ts\`), and if the code that it edits has moved it fails. What was found must not happen to the product on the same
path. The names of 2004 are orders that were posted then.

\`\`\`sh
node dist/test/interleave/mutants-main.js                          # all of them, where they are known to be found out
node dist/test/interleave/mutants-main.js --mutant no-shootdown    # one
VACATE_MUTANT=no-shootdown node --import ./dist/test/interleave/mutate.js \\
  dist/test/interleave/main.js --replay PATH                       # its counterexample, step by step
\`\`\`

This page is written by \`mutants-main.js --write\`, and a test holds it.
`;

/** test/interleave/README.md. */
export function readmeOf(verdicts: readonly Verdict[]): string {
  const of = (mutant: Mutant) => verdicts.find((verdict) => verdict.mutant === mutant.name);
  const deadly = mutants.filter(({ harmless }) => harmless === undefined);
  const harmless = mutants.filter((mutant) => mutant.harmless !== undefined);
  return [
    HEAD,
    `## ${deadly.length} guards, and what happens without each\n`,
    ...tableOf(deadly, of),
    `\n## ${harmless.length} that make no difference to what may happen\n`,
    'They save work, or stand behind another guard that sees the same. So far as was explored (worlds of one page, each with\nno operation of others and with one), nothing was found without them.\n',
    ...harmlessTable(harmless, of),
    '\n## The shortest counterexamples\n',
    'CPU0 migrates; its pauses are left out. `--replay` takes the path in brackets.\n',
    ...deadly.flatMap((mutant) => traceOf(mutant, of(mutant))),
    '',
  ].join('\n');
}

type Of = (mutant: Mutant) => Verdict | undefined;

function tableOf(list: readonly Mutant[], of: Of): string[] {
  return [
    '| without | the guard, and where Linux has it | what the explorer finds | in | states |',
    '| --- | --- | --- | --- | ---: |',
    ...list.map((mutant) => {
      const { found = null, states = 0 } = of(mutant) ?? {};
      const what = found === null ? 'not found' : cell(found.because);
      return `| [${mutant.name}](#${mutant.name}) | ${guardOf(mutant)} | ${what} | ${found?.world ?? ''} | ${states} |`;
    }),
  ];
}

function harmlessTable(list: readonly Mutant[], of: Of): string[] {
  return [
    '| without | the guard, and where Linux has it | why nothing happens | worlds | states |',
    '| --- | --- | --- | ---: | ---: |',
    ...list.map((mutant) => {
      const { worlds = 0, states = 0 } = of(mutant) ?? {};
      return `| ${mutant.name} | ${guardOf(mutant)} | ${mutant.harmless} | ${worlds} | ${states} |`;
    }),
  ];
}

function guardOf({ guard, kernel }: Mutant): string {
  return `${cell(guard)} (${cell(kernel)})`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function traceOf({ name }: Mutant, verdict: Verdict | undefined): string[] {
  const found = verdict?.found;
  if (found === undefined || found === null) return [];
  const steps = found.trace.filter((line) => line !== PAUSE);
  return [`### ${name}\n`, '```', ...steps, `${found.because}   [${found.replay}]`, '```', ''];
}

/** What README.md shows of each mutant: a path, and what is wrong at its end. */
export function knownPaths(readme: string): Map<string, { readonly path: string; readonly because: string }> {
  const paths = new Map<string, { readonly path: string; readonly because: string }>();
  for (const section of readme.split('\n### ').slice(1)) {
    const match = /^(?<name>\S+)\n[\s\S]*?\n(?<because>[^\n]*) {3}\[(?<path>[^\n]*)\]\n```/.exec(section)?.groups;
    if (match !== undefined) paths.set(match.name!, { path: match.path!, because: match.because! });
  }
  return paths;
}
