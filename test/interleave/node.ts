/** At a point the migrator goes on. */
export const GO_ON = -1;

/** A point of the path in hand: what is still to be tried there. */
export interface Node {
  /** Verbs before it. */
  readonly at: number;
  /** Steps not yet taken, the next one last; GO_ON is at the bottom. */
  readonly todo: number[];
  /** Steps that need not be taken from here: what they lead to is reached otherwise. */
  readonly asleep: number[];
  chosen: number;
}

/**
 * What is to be tried in a state, the next one last. In a new one: all that can be done and is not asleep, and after that
 * the migrator's own next step, with all of it asleep. In one that was seen before: what was asleep then and is not now
 * (P. Godefroid, Partial-Order Methods, 1996, section 5.3).
 */
export function toTry(
  enabled: readonly number[],
  asleep: readonly number[],
  before: readonly number[] | undefined,
): number[] {
  const todo = enabled.filter((id) => !asleep.includes(id) && (before === undefined || before.includes(id)));
  if (before === undefined) todo.push(GO_ON);
  return todo.reverse();
}
