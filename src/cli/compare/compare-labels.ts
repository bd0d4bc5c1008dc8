import { suggestion } from '../../base/nearest.js';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { FrontEndKey, StrategyLabels } from '../../compare/evacuator-port.js';
import { createEvacuator, type Evacuator } from '../../container/create-evacuator.js';
import type { StrategyDefinition } from '../../strategies/define-strategy.js';
import { noMachine } from '../strategy-names.js';

const FRONT_ENDS: readonly FrontEndKey[] = ['highOrder', 'offline', 'reclaim'];
const ALL = 'all';

/**
 * Who is to compete, by front end, from what the command line names: "all", or lists like
 * "compaction,tosatti:historical+no-alignment". A strategy of several front ends competes in each.
 *
 * @throws VacateError kind 'usage' for a strategy, a mode or a switch that does not exist; it names the nearest.
 */
export function compareLabels(named: readonly string[], strategies: readonly StrategyDefinition[]): StrategyLabels {
  const evacuator = createEvacuator({ host: noMachine(), plugins: [], strategies });
  try {
    const labels = named.flatMap((list) => list.split(',')).map((label) => label.trim());
    if (labels.includes(''))
      throw new VacateError(
        'usage',
        `--strategy ${quoted(named.join(','))} has an empty part; write names between commas`,
      );
    const chosen = new Set(labels.length === 0 ? [ALL] : labels);
    const ofFrontEnd = (frontEnd: FrontEndKey) => [
      ...(chosen.has(ALL) ? evacuator.strategies[frontEnd] : []),
      ...[...chosen].filter((label) => label !== ALL && frontEndsOf(evacuator, label).includes(frontEnd)),
    ];
    return {
      highOrder: [...new Set(ofFrontEnd('highOrder'))],
      offline: [...new Set(ofFrontEnd('offline'))],
      reclaim: [...new Set(ofFrontEnd('reclaim'))],
    };
  } finally {
    evacuator.dispose();
  }
}

function frontEndsOf(evacuator: Evacuator, label: string): FrontEndKey[] {
  const [name = ''] = label.split(/[:+]/);
  const hasName = (frontEnd: FrontEndKey) => evacuator.strategies[frontEnd].some((known) => known === name);
  const there = FRONT_ENDS.filter(hasName);
  const complaints = there.map((frontEnd) => complaintAbout(evacuator, frontEnd, label));
  if (there.length === 0) {
    const known = [...new Set(FRONT_ENDS.flatMap((frontEnd) => evacuator.strategies[frontEnd]))];
    throw new VacateError('usage', `there is no strategy ${quoted(name)}; ${suggestion(name, known)}`);
  }
  const first = complaints.find((complaint) => complaint !== null);
  if (first !== undefined && first !== null && !complaints.includes(null)) throw first;
  return there.filter((_, at) => complaints[at] === null);
}

function complaintAbout(evacuator: Evacuator, frontEnd: FrontEndKey, label: string): unknown {
  try {
    evacuator.check(frontEnd, label);
    return null;
  } catch (error) {
    return error;
  }
}
