import type { PageType } from '../../src/handler/define-page-type.js';
import { blockCases } from './host-block-cases.js';
import { movingCases } from './host-moving-cases.js';
import { readingCases } from './host-reading-cases.js';
import { expectThat, type HostCase, type OpenHost } from './host-world.js';

export { type HostCase, HostFailure, type HostWorld } from './host-world.js';

/**
 * What every `MemoryHost` must do, as cases for whatever runs tests; each case gets a new host. A case that a host cannot
 * be asked is not dropped but turned round: its name says why, and it passes if the case fails, so that no skip outlives
 * its reason.
 *
 * @example
 * for (const { name, run } of hostConformance({ open, pageTypes })) it(name, run);
 */
export function hostConformance({ open, pageTypes, skip = [] }: HostConformanceOptions): HostCase[] {
  const all = [...readingCases(open, pageTypes), ...blockCases(open), ...movingCases(open, pageTypes)];
  for (const { name, because } of skip) {
    if (!all.some((known) => known.name === name)) throw new Error(`there is no case "${name}" to skip`);
    if (because.trim() === '') throw new Error(`the case "${name}" is skipped without a reason`);
  }
  return all.map((known) => {
    const skipped = skip.find(({ name }) => name === known.name);
    return skipped === undefined ? known : turnedRound(known, skipped.because);
  });
}

export interface HostConformanceOptions {
  /** A host at rest, made anew for every case. */
  readonly open: OpenHost;
  /** Asked to judge pages and to move them. */
  readonly pageTypes: readonly PageType[];
  /** Cases that do not apply. Each must fail if it is run all the same. */
  readonly skip?: readonly { readonly name: string; readonly because: string }[];
}

function turnedRound({ name, run }: HostCase, because: string): HostCase {
  return {
    name: `cannot be asked: ${name} (${because})`,
    run: () => {
      try {
        run();
      } catch {
        return;
      }
      expectThat(false, `"${name}" passes; do not skip it`);
    },
  };
}
