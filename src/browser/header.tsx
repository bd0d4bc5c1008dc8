import { useRef } from 'preact/hooks';
import { formatPages } from '../mm/units.js';
import { HelpDialog } from './help-dialog.jsx';
import { firstPicture, pictures, session } from './state.js';
import { chooseTheme, THEME_CHOICES, type ThemeChoice, themeChoice } from './theme.js';

export function Header() {
  const help = useRef<HTMLDialogElement>(null);
  const machine = firstPicture.value?.header.value?.machine ?? null;
  return (
    <header class="top">
      <h1>
        <span class="brand">vacate</span> {session.value?.name ?? machine?.name ?? ''}
      </h1>
      {machine !== null && (
        <p class="about">
          {formatPages(pagesOf(machine.zones))} in {machine.zones.length}{' '}
          {machine.zones.length === 1 ? 'zone' : 'zones'}
          {machine.kernel === null ? '' : `, Linux ${machine.kernel}`}
        </p>
      )}
      <Connection />
      <label class="choice">
        <span class="hidden">Theme</span>
        <select
          aria-label="Theme"
          value={themeChoice.value}
          onChange={({ currentTarget }) => chooseTheme(currentTarget.value as ThemeChoice)}
        >
          {THEME_CHOICES.map((choice) => (
            <option key={choice} value={choice}>
              {THEME_WORDS[choice]}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="quiet"
        aria-label="Help: keys, and how to read the map"
        onClick={() => help.current?.showModal()}
      >
        ?
      </button>
      <HelpDialog dialog={help} />
    </header>
  );
}

const THEME_WORDS: Readonly<Record<ThemeChoice, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

function pagesOf(zones: ReadonlyArray<{ readonly start: number; readonly end: number }>): number {
  return zones.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Says nothing while all is well. */
function Connection() {
  const states = pictures.value.map(({ connection }) => connection.value);
  const failure = pictures.value.map((picture) => picture.failure.value).find((sentence) => sentence !== null);
  const isOpening = session.value?.state === 'opening';
  const progress = session.value?.progress;
  const words =
    failure ??
    (states.includes('lost')
      ? 'Connection lost; trying again …'
      : isOpening && progress != null
        ? `${progress.label} … ${Math.round(progress.part * 100)} %`
        : '');
  return (
    <p class={failure == null && !states.includes('lost') ? 'connection' : 'connection lost'} role="status">
      {words}
    </p>
  );
}
