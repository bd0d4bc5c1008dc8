import type { PageType } from '../../../src/handler/define-page-type.js';
import type { PageTypeHandler } from '../../../src/handler/page-type-handler.js';
import type { Pfn } from '../../../src/mm/units.js';

type Handler = PageTypeHandler;
/** The verbs that every handler has. */
export type Verb = { [V in keyof Handler]-?: undefined extends Handler[V] ? never : V }[keyof Handler];

/** What a handler does instead of what it should, the next time that `verb` is called so often. */
export interface Sabotage {
  readonly verb: Verb;
  /** Calls that still go well. */
  left: number;
  /** Pages with any of these flags are let be; 0 for none. */
  readonly spares: number;
  /** Only pages with any of these flags are struck; 0 for all. */
  readonly wants: number;
  /** True if it does its work first. */
  readonly after: boolean;
  /** Throws, or answers with this. */
  readonly act: (plugin: string) => unknown;
}

/** Where a run's sabotage is laid down; null for none. `caught` names who did it. */
export interface Plot {
  sabotage: Sabotage | null;
  caught: string | null;
  /** False while the phase is another one. */
  isOn: boolean;
}

/** The shipped plugins, each of whose verbs can go wrong once. */
export function sabotaged(plugins: readonly PageType[], plot: Plot): PageType[] {
  return plugins.map((plugin) => ({
    ...plugin,
    create: (pages) => {
      const right = plugin.create(pages);
      const verb = <V extends Verb>(name: V): PageTypeHandler[V] => {
        const work = (right[name] as (...args: unknown[]) => unknown).bind(right);
        return ((...args: unknown[]) => {
          const { sabotage } = plot;
          if (sabotage === null || !plot.isOn || sabotage.verb !== name) return work(...args);
          const flags = name === 'claims' ? 0 : pages.flags(args[0] as Pfn);
          if ((flags & sabotage.spares) !== 0 || (sabotage.wants !== 0 && (flags & sabotage.wants) === 0))
            return work(...args);
          if (sabotage.left-- > 0) return work(...args);
          plot.sabotage = null;
          plot.caught = plugin.name;
          if (sabotage.after) work(...args);
          return sabotage.act(plugin.name);
        }) as PageTypeHandler[V];
      };
      return {
        claims: verb('claims'),
        refuses: verb('refuses'),
        references: verb('references'),
        isolate: verb('isolate'),
        migrate: verb('migrate'),
        putback: verb('putback'),
        ...(right.refusesSplit && { refusesSplit: right.refusesSplit.bind(right) }),
        ...(right.dissolve && { dissolve: right.dissolve.bind(right) }),
      };
    },
  }));
}
