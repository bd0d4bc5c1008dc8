import { escapeHtml } from '../../report/html.js';

/** A part of a report under its own heading; nothing where there is nothing to say. */
export function section(title: string, content: string): string {
  return content === '' ? '' : `<section>\n<h2>${escapeHtml(title)}</h2>\n${content}\n</section>`;
}
