import type { RecordedHandler } from './records.js';

/** Whoever refuses pages, and for what; a plugin's may hold more. */
export interface RefusalTable {
  readonly name: string;
  readonly refusals: RecordedHandler['refusals'];
}

/** Tables of refusals as a recording has them. */
export function plainTables(tables: readonly RefusalTable[]): RecordedHandler[] {
  return tables.map(({ name, refusals }) => ({
    name,
    refusals: refusals.map((refusal) => {
      if (refusal === null) return null;
      const { id, kind, because } = refusal;
      return { id, kind, because };
    }),
  }));
}
