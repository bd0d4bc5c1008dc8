/** Text as HTML has it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A table; cells are HTML already. */
export function htmlTable(
  head: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  nrTextColumns: number,
): string {
  const cells = (tag: 'th' | 'td', row: readonly string[]) =>
    row.map((cell, at) => `<${tag}${at < nrTextColumns ? '' : ' class="n"'}>${cell}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<div class="scroll"><table>\n<thead><tr>${cells('th', head)}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>`;
}
