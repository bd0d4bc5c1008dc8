import { ContainerModule } from 'inversify';
import { PageEvents, type PageEventsOptions } from '../events/page-events.js';
import { RangeEvents } from '../events/range-events.js';
import type { PageType } from '../handler/define-page-type.js';
import { MemoryHost } from '../host/memory-host.js';
import type { Outside } from './handler-table.js';
import type { Pauses } from './migration-run.js';
import { MigrationService } from './migration-service.js';
import { SMALLEST_HOLES, TargetAllocator } from './target-source.js';
import { PageTypes } from './tokens.js';

/** The service, its streams, and the plugins it is to use. */
export const migrationModule = (
  plugins: readonly PageType[],
  options: Pick<PageEventsOptions, 'onListenerError'> = {},
  pauses: Pauses = 'phase',
  outside: Outside | null = null,
): ContainerModule =>
  new ContainerModule(({ bind, onDeactivation }) => {
    bind(PageEvents).toConstantValue(new PageEvents(options));
    bind(RangeEvents).toConstantValue(new RangeEvents(options));
    bind(MigrationService)
      .toDynamicValue(
        (context) =>
          new MigrationService(
            context.get<MemoryHost>(MemoryHost),
            context.getAll(PageTypes),
            context.get(PageEvents),
            pauses,
            outside,
            context.get<TargetAllocator>(TargetAllocator),
          ),
      )
      .inSingletonScope();
    bind(TargetAllocator).toConstantValue(SMALLEST_HOLES);
    for (const plugin of plugins) bind(PageTypes).toConstantValue(plugin);
    onDeactivation(PageEvents, (events) => events.close());
    onDeactivation(RangeEvents, (events) => events.close());
  });
