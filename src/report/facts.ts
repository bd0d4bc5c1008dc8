import { escapeHtml } from './html.js';

/** A number that people look for first; texts. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly remark?: string;
}

/** A few large numbers side by side. */
export function factsHtml(facts: readonly Fact[]): string {
  const items = facts.map(({ name, value, remark }) => {
    const more = remark === undefined ? '' : `<small>${escapeHtml(remark)}</small>`;
    return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}${more}</dd></div>`;
  });
  return `<dl class="facts">\n${items.join('\n')}\n</dl>`;
}
