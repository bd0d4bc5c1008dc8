import type { Prng } from '../../../src/base/prng.js';
import type { Phase } from '../../../src/migration/migration-run.js';
import type { Pfn } from '../../../src/mm/units.js';
import type { FaultWorld } from './fault-world.js';

export const PHASES = [
  'isolate',
  'target',
  'lock',
  'unmap',
  'shootdown',
  'move',
  'copy',
  'carry',
  'remap',
  'finish',
  'relax',
  'putback',
] as const satisfies readonly Phase[];

/** Where in its phase a fault strikes: before the phase begins, between two verbs of the host, after it. */
export type Moment = 'before' | 'during' | 'after';

/** What becomes of the run: it goes on, its driver stops it, throws into it, or is never heard of again. */
export type Inflicted = 'nothing' | 'done' | 'return' | 'throw' | 'drop';

/** What a fault may use besides the world. */
export interface Scene {
  readonly world: FaultWorld;
  readonly chance: Prng;
  readonly phase: Phase;
  /** Units in hand: who they are, and where they are to go. */
  readonly inHand: { readonly sources: readonly Pfn[]; readonly targets: readonly Pfn[] };
}

/** One kind of fault: what it does to the world, where it cannot happen, and how the run must end. */
export interface FaultKind {
  /** In the field's words. */
  readonly name: string;
  /** Phases in which it cannot happen, and why. */
  readonly never?: { readonly phases: readonly Phase[]; readonly because: string };
  /** Only between verbs: it is a verb that fails. */
  readonly onlyDuring?: true;
  /** It is laid down when its phase begins, and strikes when a handler's verb is called; one in a run. */
  readonly sabotages?: true;
  /** Listeners are told when a batch is done with: for "putback", whoever listens must have begun before. */
  readonly listens?: true;
  /** Only at pauses: it is the driver who fails. */
  readonly onlyAfter?: true;
  /**
   * How the run ends if this was its only such fault: it goes on to its end ("goes on", the default), or the error has
   * this kind.
   */
  readonly ends?: 'goes on' | 'plugin' | 'host' | 'usage' | 'driver';
  /** 'nothing' if the world has nothing for it to strike: it does not count then. */
  inflict(scene: Scene): Inflicted;
}

/** All phases but these. */
export function allBut(...phases: readonly Phase[]): Phase[] {
  return PHASES.filter((phase) => !phases.includes(phase));
}
