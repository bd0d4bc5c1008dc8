import { ownersIn } from '../../forecast/owner-shares.js';
import type { PageOwners } from '../../mm/page-owners.js';
import { formatPages, type Pfn } from '../../mm/units.js';
import { escapeHtml, htmlTable } from '../../report/html.js';
import { formatCount } from '../wording.js';

/** So many owners are named. */
const OWNERS_MAX = 40;

/** Who has these pages, most pages first; a page that several map counts for each. Names come from outside. */
export function ownersHtml(owners: PageOwners, pfns: Iterable<Pfn>): string {
  const shares = ownersIn(owners, pfns);
  if (shares.length === 0) return '<p>Nobody was seen to map any of them.</p>';
  const text = (value: string | number | null) => (value === null ? '–' : escapeHtml(`${value}`));
  const rows = shares
    .slice(0, OWNERS_MAX)
    .map(({ command, pid, mapping, cgroup, pages }) => [
      text(command),
      text(pid),
      text(mapping),
      text(cgroup),
      formatCount(pages),
      formatPages(pages),
    ]);
  const rest = shares.length - rows.length;
  const more = rest > 0 ? `<p>And ${formatCount(rest)} more.</p>` : '';
  return htmlTable(['process', 'pid', 'mapping', 'cgroup', 'pages', 'size'], rows, 4) + more;
}
