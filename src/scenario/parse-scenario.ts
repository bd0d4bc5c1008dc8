import { LineCounter, parseDocument } from 'yaml';
import { expectArgument } from '../base/arguments.js';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { problemsWith } from './check-scenario.js';
import { type Scenario, scenarioSchema } from './schema.js';
import { shapeProblems } from './shape-problems.js';

/** Nobody writes a longer one by hand, and YAML takes time and memory many times its length. */
const LENGTH_MAX = 128 * 1024;
/** More than so much that is wrong nobody mends before trying again; and no sentence is longer than some lines. */
const PROBLEMS_MAX = 20;
const PROBLEM_LENGTH_MAX = 500;

/**
 * Reads a scenario file. `where` names it in complaints, which are one line each.
 *
 * @throws VacateError kind 'scenario' that lists everything found wrong: YAML first, then keys and values, then what they
 * mean together.
 * @example
 * const machine = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
 */
export function parseScenario(text: string, where: string): Scenario {
  expectArgument(typeof text === 'string', 'a scenario', text, 'its text, and what to call it in complaints');
  expectArgument(typeof where === 'string', 'where', where, 'what to call the scenario in complaints');
  if (text.length > LENGTH_MAX)
    return fail(where, [`is longer than ${LENGTH_MAX} characters; a scenario of a real machine has a few thousand`]);
  const value = readYaml(text, where);
  const { success, data, error } = scenarioSchema.safeParse(value);
  if (!success) return fail(where, shapeProblems(error.issues, value));
  const problems = problemsWith(data);
  return problems.length === 0 ? data : fail(where, problems);
}

/** Problems that are no sentence about the whole begin with ":" and the line. */
function fail(where: string, problems: readonly string[]): never {
  const told = problems.slice(0, PROBLEMS_MAX).map(shortened);
  if (problems.length > told.length) told.push(`has ${problems.length - told.length} more problems; mend these first`);
  const lines = told.map((problem) => `${printable(where)}${problem.startsWith(':') ? '' : ': '}${problem}`);
  throw new VacateError('scenario', lines.join('\n'));
}

/** Files may hold anything, and complaints quote them. */
function shortened(problem: string): string {
  const line = printable(problem);
  return line.length <= PROBLEM_LENGTH_MAX ? line : `${line.slice(0, PROBLEM_LENGTH_MAX)}…`;
}

function readYaml(text: string, where: string): unknown {
  const lineCounter = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter, prettyErrors: false });
    if (document.errors.length === 0) return document.toJS();
    const lineOf = (position: number) => lineCounter.linePos(position).line;
    return fail(
      where,
      document.errors.map(({ message, pos }) => `:${lineOf(pos[0])}: is no YAML: ${lowerFirst(message)}`),
    );
  } catch (cause) {
    if (VacateError.is(cause)) throw cause;
    // An alias without its anchor, so many that they multiply beyond reason, or lists in lists without end.
    return fail(where, [`is no YAML: ${lowerFirst(cause instanceof Error ? cause.message : String(cause))}`]);
  }
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
