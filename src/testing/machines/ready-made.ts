import type { Fixture, Provocation } from '../page-types/world.js';

/**
 * Which refusals of a plugin's table come from which cause: the name of a ready-made one, or how to provoke it, given
 * the ready-made ones and the machine.
 *
 * @example
 * const refusals: Provoked<'released'> = { gone: 'released' };
 * driverPages(refusals).fixture().pages.length > 0; // true
 */
export type Provoked<Cause extends string> = Readonly<
  Record<string, Cause | ((causes: Readonly<Record<Cause, Provocation>>, fixture: Fixture) => Provocation)>
>;

/**
 * The same machine, with what provokes the refusals of a plugin's own table. Whether it says them when it is asked,
 * when it is to isolate, or when it is to move is the plugin's affair.
 */
export function provoked<Cause extends string>(fixture: Fixture, refusals: Provoked<Cause>): Fixture {
  const causes = fixture.refusals as Readonly<Record<Cause, Provocation>>;
  const provocations = Object.entries(refusals).map(([id, cause]) => {
    if (typeof cause === 'function') return [id, cause(causes, fixture)] as const;
    const known = causes[cause];
    if (known === undefined) throw new Error(`there is no cause "${cause}"; use ${Object.keys(causes).join(', ')}`);
    return [id, byWhichever(known)] as const;
  });
  return { ...fixture, refusals: Object.fromEntries(provocations) };
}

function byWhichever(provocation: Provocation): Provocation {
  const { from, ...whoever } = provocation;
  return from === 'refuses' ? whoever : provocation;
}
