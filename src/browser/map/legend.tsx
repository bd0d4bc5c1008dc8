import { formatPages } from '../../mm/units.js';
import { mapClasses } from '../../picture/map-classes.js';
import { colouring, firstPicture } from '../state.js';
import { theme } from '../theme.js';

/** What the colours mean, and how much there is of each. */
export function Legend() {
  const { classes } = mapClasses(colouring.value);
  const known = firstPicture.value?.classes.value ?? null;
  const counts = known !== null && known.colouring === colouring.value ? known.counts : null;
  const shown = classes.flatMap((entry, index) => {
    const pages = counts?.[index] ?? 0;
    return index === 0 || pages === 0 ? [] : [{ ...entry, pages }];
  });
  return (
    <ul class="legend" aria-label="Legend">
      {shown.map(({ label, colour, pages }) => (
        <li key={label}>
          <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
            <rect width="10" height="10" rx="2" fill={`#${colour[theme.value].toString(16).padStart(6, '0')}`} />
          </svg>
          {label} <span class="amount">{formatPages(pages)}</span>
        </li>
      ))}
    </ul>
  );
}
