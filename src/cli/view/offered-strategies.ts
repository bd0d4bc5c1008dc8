import type { Evacuator } from '../../container/create-evacuator.js';
import type { OfferedStrategies, OfferedStrategy } from '../../server/app.js';
import type { CheckStrategy } from './start-run.js';

/** The strategies that a page may choose from. They are loaded when somebody asks: they are half of all files. */
export class StrategyBook {
  #evacuator: Promise<Evacuator> | null = null;

  readonly offered = async (): Promise<OfferedStrategies> => {
    const evacuator = await this.#loaded();
    return {
      offline: offeredOf(evacuator, 'offline', evacuator.strategies.offline),
      highOrder: offeredOf(evacuator, 'high-order', evacuator.strategies.highOrder),
    };
  };

  /** @throws VacateError kind 'usage' for a label that names no strategy. */
  readonly check: CheckStrategy = async (frontEnd, label) => {
    (await this.#loaded()).check(frontEnd === 'offline' ? 'offline' : 'highOrder', label);
  };

  #loaded(): Promise<Evacuator> {
    this.#evacuator ??= (async () => {
      await import('reflect-metadata');
      const { createEvacuator } = await import('../../container/create-evacuator.js');
      const { noMachine } = await import('../strategy-names.js');
      return createEvacuator({ host: noMachine(), plugins: [] });
    })();
    return this.#evacuator;
  }
}

function offeredOf(
  { catalogue }: Evacuator,
  frontEnd: 'offline' | 'high-order',
  labels: readonly string[],
): OfferedStrategy[] {
  return catalogue
    .filter((entry) => entry.frontEnd === frontEnd)
    .map(({ name, about }) => ({ name, about, labels: labels.filter((label) => nameOf(label) === name) }));
}

/** "tosatti:2.6.9-rc1+x" is a manner of "tosatti". */
function nameOf(label: string): string {
  return label.split(/[:+]/, 1)[0]!;
}
