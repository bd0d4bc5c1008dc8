import fc from 'fast-check';
import { EVIL } from './evil.js';

/*
 * JSON with a few values wrong: what a parser of text lets through, and a schema has to stop. YAML reads it as well.
 */

/** A place in a tree: an object or list, and a key of it. */
interface Holder {
  readonly owner: Record<string, unknown>;
  readonly key: string;
}

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', [], {}, [[]], [null], 0, -1, 1, 0.5, 1e21, 2 ** 31, 2 ** 53, -0),
  fc.constantFrom(...EVIL),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>('x'.repeat(50_000), new Array(2000).fill(0), new Array(300).fill({}), nested(300)),
);

function nested(depth: number): unknown {
  let inner: unknown = 0;
  for (let at = 0; at < depth; at++) inner = [inner];
  return inner;
}

/** Every place of a tree, the root's own values first. */
function holdersIn(root: unknown): Holder[] {
  const holders: Holder[] = [];
  const left: unknown[] = [root];
  for (let each = left.shift(); left.length > 0 || each !== undefined; each = left.shift()) {
    if (typeof each !== 'object' || each === null) continue;
    const owner = each as Record<string, unknown>;
    for (const key of Object.keys(owner)) {
      holders.push({ owner, key });
      left.push(owner[key]);
    }
  }
  return holders;
}

const change: fc.Arbitrary<(root: unknown, holder: Holder | undefined, other: Holder | undefined) => void> = fc.oneof(
  value.map((by) => (_root: unknown, holder: Holder | undefined) => {
    if (holder !== undefined) holder.owner[holder.key] = structuredClone(by);
  }),
  fc.constant((_root: unknown, holder: Holder | undefined) => {
    if (holder !== undefined) delete holder.owner[holder.key];
  }),
  fc.constant((_root: unknown, holder: Holder | undefined, other: Holder | undefined) => {
    if (holder !== undefined && other !== undefined) holder.owner[holder.key] = structuredClone(other.owner[other.key]);
  }),
  fc
    .tuple(fc.constantFrom(...EVIL, 'name', 'size', 'kind'), value)
    .map(([key, by]) => (_root: unknown, holder?: Holder) => {
      // As a key of its own: an assignment to __proto__ would only be one to it.
      if (Array.isArray(holder?.owner)) holder.owner.push(structuredClone(by));
      else if (holder !== undefined)
        Object.defineProperty(holder.owner, key, {
          value: structuredClone(by),
          enumerable: true,
          configurable: true,
          writable: true,
        });
    }),
  fc.tuple(fc.constantFrom(-1, 0.5, 2, 1000, 1e9, 1e300)).map(([times]) => (_root: unknown, holder?: Holder) => {
    const before = holder?.owner[holder.key];
    if (holder !== undefined && typeof before === 'number') holder.owner[holder.key] = before * times;
  }),
);

/** One of the trees, with up to three changes, as JSON. */
export function spoiltTree(trees: readonly unknown[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      fc.nat(trees.length - 1),
      fc.array(fc.tuple(change, fc.nat(500), fc.nat(500)), { minLength: 1, maxLength: 3 }),
    )
    .map(([which, changes]) => {
      const root: unknown = structuredClone(trees[which]);
      for (const [apply, at, other] of changes) {
        const holders = holdersIn(root);
        apply(root, holders[at % holders.length], holders[other % holders.length]);
      }
      return Buffer.from(JSON.stringify(root) ?? '', 'utf8');
    });
}
