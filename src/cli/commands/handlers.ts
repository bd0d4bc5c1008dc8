import { coreRefusals, type RefusalTable } from '../../handler/refusal.js';
import { resolvePlugins } from '../../migration/resolve-plugins.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { loadPageTypes } from '../page-types.js';
import type { Palette } from '../palette.js';
import { wrap } from '../wording.js';

export interface HandlersOptions {
  readonly plugin: readonly string[];
  readonly json?: boolean;
}

interface Described {
  readonly name: string;
  readonly claims: string;
  readonly order: 'pre' | null | 'post';
  readonly refusals: ReadonlyArray<{
    readonly code: number;
    readonly id: string;
    readonly kind: string;
    readonly because: string;
  }>;
}

/** `vacate handlers`: who is asked about a page, in which order, and what each may answer. */
export async function handlers(context: Context, options: HandlersOptions): Promise<number> {
  const inOrder: Described[] = resolvePlugins(await loadPageTypes(options)).map(
    ({ name, claims, order, refusals }) => ({ name, claims, order, refusals: describe(refusals) }),
  );
  const shared = describe(coreRefusals);
  if (options.json === true) printJson(context, { command: 'handlers', handlers: inOrder, core: { refusals: shared } });
  else context.print(handlersText(inOrder, shared, context.palette).join('\n'));
  return EXIT_DONE;
}

function describe(table: RefusalTable): Described['refusals'] {
  return table.flatMap((refusal, code) => (refusal === null ? [] : [{ code, ...refusal }]));
}

function handlersText(inOrder: readonly Described[], shared: Described['refusals'], palette: Palette): string[] {
  const lines = ['A page belongs to the first handler that claims it:', ''];
  inOrder.forEach(({ name, claims, order, refusals }, position) => {
    const place = order === null ? '' : palette.dim(`  (asked ${order === 'pre' ? 'before' : 'after'} the others)`);
    lines.push(`${String(position + 1).padStart(2)}  ${palette.bold(name)}${place}`);
    lines.push(`    claims ${wrap(claims, 69, '           ')}`, ...refusalLines(refusals, palette), '');
  });
  lines.push('For every page, the migration service itself refuses:', ...refusalLines(shared, palette));
  return lines;
}

function refusalLines(refusals: Described['refusals'], palette: Palette): string[] {
  const widest = Math.max(...refusals.map(({ id }) => id.length), 0);
  return refusals.map(({ id, kind, because }) => {
    const [sign, padded] = [kind === 'permanent' ? palette.bad('✗') : '↻', id.padEnd(widest)];
    const indent = ' '.repeat(8 + widest);
    return `    ${sign} ${padded}  ${wrap(`${because}${kind === 'permanent' ? ' (permanent)' : ''}`, 78 - indent.length, indent)}`;
  });
}
