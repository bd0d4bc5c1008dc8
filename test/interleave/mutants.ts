import { hostMutants } from './mutants-host.js';
import { orderMutants } from './mutants-order.js';
import { othersMutants } from './mutants-others.js';
import { serviceMutants } from './mutants-service.js';

/**
 * Mutants: the product with one guard of the migration protocol switched off. The product has no such switch; a mutant is
 * an edit of what was built, made while it is loaded (mutate-hooks.ts), so what runs otherwise is what ships.
 */
export interface Mutant {
  /** Kebab-case, what is missing: "no-shootdown". */
  readonly name: string;
  /** What the guard is for, in a sentence. */
  readonly guard: string;
  /** Where Linux has it, or the patch that did not. */
  readonly kernel: string;
  readonly edits: readonly Edit[];
  /** The world in which the explorer finds out soonest, and with how many operations of others: "anon/1". */
  readonly world?: string;
  /** Instead: why no interleaving can tell it from the product. */
  readonly harmless?: string;
}

/** One piece of a built file, replaced. */
export interface Edit {
  /** From the top of what was built: "src/migration/migrate-batch.js". */
  readonly file: string;
  /** Stands there exactly once; any white space matches any other. */
  readonly find: string;
  readonly put: string;
}

export const mutants: readonly Mutant[] = [...serviceMutants, ...orderMutants, ...hostMutants, ...othersMutants];

export function mutantNamed(name: string): Mutant {
  const mutant = mutants.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"; --list names all`);
  return mutant;
}

/** A built file with a mutant's edits of it made. Throws if the guard is not where the mutant knows it. */
export function mutated(mutant: Mutant, file: string, source: string): string {
  let text = source;
  for (const edit of mutant.edits) {
    if (edit.file !== file) continue;
    const pieces = text.split(patternOf(edit.find));
    if (pieces.length !== 2)
      throw new Error(
        `mutant "${mutant.name}": the guard has moved, ${file} has ${pieces.length - 1} times: ${edit.find}`,
      );
    text = pieces.join(edit.put);
  }
  return text;
}

function patternOf(find: string): RegExp {
  const words = find.trim().split(/\s+/);
  return new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+'));
}
