import { LineCounter, parseDocument } from 'yaml';
import { VacateError } from '../base/vacate-error.js';
import { problemsWith } from './check-scenario.js';
import { type Scenario, scenarioSchema } from './schema.js';
import { shapeProblems } from './shape-problems.js';

/**
 * Reads a scenario file. `where` names it in complaints, which are one line each.
 *
 * @throws VacateError kind 'scenario' that lists everything found wrong: YAML first, then keys and values, then what they
 * mean together.
 * @example
 * const machine = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
 */
export function parseScenario(text: string, where: string): Scenario {
  const value = readYaml(text, where);
  const { success, data, error } = scenarioSchema.safeParse(value);
  if (!success) return fail(where, shapeProblems(error.issues, value));
  const problems = problemsWith(data);
  return problems.length === 0 ? data : fail(where, problems);
}

function fail(where: string, problems: readonly string[]): never {
  throw new VacateError('scenario', problems.map((problem) => `${where}: ${problem}`).join('\n'));
}

function readYaml(text: string, where: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    const sentences = document.errors.map(
      ({ message, pos }) => `${where}:${lineCounter.linePos(pos[0]).line}: is no YAML: ${lowerFirst(message)}`,
    );
    throw new VacateError('scenario', sentences.join('\n'));
  }
  try {
    return document.toJS();
  } catch (cause) {
    // An alias without its anchor, or so many that they multiply beyond reason.
    return fail(where, [`is no YAML: ${lowerFirst(cause instanceof Error ? cause.message : String(cause))}`]);
  }
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
