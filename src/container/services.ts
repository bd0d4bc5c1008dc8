import { type Container, ContainerModule, type ServiceIdentifier } from 'inversify';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { PageEvents } from '../events/page-events.js';
import { RangeEvents } from '../events/range-events.js';
import { MemoryHost } from '../host/memory-host.js';
import { MigrationService } from '../migration/migration-service.js';
import { TargetAllocator } from '../migration/target-source.js';
import { Coalescer, Planner } from '../strategies/tokens.js';
import { Clock, SYSTEM_CLOCK } from './clock.js';

export { ContainerModule };

/** Services of which there is one each, those first that others are built with. */
const SERVICES: readonly (readonly [name: string, token: ServiceIdentifier, give: string])[] = [
  ['MemoryHost', MemoryHost, 'simModule(machine) as "host", or a module that binds it'],
  ['TargetAllocator', TargetAllocator, 'a module that binds it, or leave vacate its own'],
  ['Clock', Clock, 'a module that binds it, or leave vacate its own'],
  ['PageEvents', PageEvents, 'a module that binds it, or leave vacate its own'],
  ['RangeEvents', RangeEvents, 'a module that binds it, or leave vacate its own'],
  ['MigrationService', MigrationService, 'a module that binds it, or leave vacate its own'],
  ['Planner', Planner, 'a module that binds it, or leave vacate its own'],
  ['Coalescer', Coalescer, 'a module that binds it, or leave vacate its own'],
];

/** Marks of inversify's errors, of whichever copy. */
const INVERSIFY = ['core/InversifyCoreError', 'container/InversifyContainerError'].map((name) =>
  Symbol.for(`@inversifyjs/${name}`),
);

/** What only drivers of jobs use. */
export const driverModule = (): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(Clock).toConstantValue(SYSTEM_CLOCK);
  });

/**
 * What kept services from being put together, as a sentence that names the token and says what to do. Errors that are no
 * container's stay as they are.
 */
export function whyNotWired(container: Container, error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !INVERSIFY.some((mark) => mark in error)) return error;
  if (/asynchronous/i.test(String((error as { message?: unknown }).message)))
    return new VacateError(
      'usage',
      'a module of "modules" binds asynchronously; its function must not be async, and bind at once',
      { cause: error },
    );
  for (const [name, token, give] of SERVICES) {
    if (!container.isBound(token))
      return new VacateError('usage', `nothing is bound to ${name}; give createEvacuator ${give}`, { cause: error });
    const bindings = nrBindings(container, token);
    if (bindings > 1)
      return new VacateError(
        'usage',
        `${name} is bound ${bindings} times; to replace it write rebind(${name}) in a module of "modules", not bind(${name})`,
        { cause: error },
      );
  }
  const [why = ''] = String((error as { message?: unknown }).message).split('\n');
  return new VacateError(
    'usage',
    `a service cannot be made (${quoted(why).slice(1, -1)}); bind what it asks for in a module of "modules"`,
    { cause: error },
  );
}

/** Bindings of a token; 1 if they cannot be counted because one of them cannot be made. */
function nrBindings(container: Container, token: ServiceIdentifier): number {
  try {
    return container.getAll(token).length;
  } catch {
    return 1;
  }
}
