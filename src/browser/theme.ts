import { computed, effect, signal } from '@preact/signals';
import type { Theme } from '../picture/colours.js';

/** What was chosen; `system` goes with the desktop. */
export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];

const KEY = 'vacate-theme';
const darkDesktop = matchMedia('(prefers-color-scheme: dark)');
const lessMotion = matchMedia('(prefers-reduced-motion: reduce)');

const isDesktopDark = signal(darkDesktop.matches);
darkDesktop.addEventListener('change', ({ matches }) => {
  isDesktopDark.value = matches;
});

export const wantsLessMotion = signal(lessMotion.matches);
lessMotion.addEventListener('change', ({ matches }) => {
  wantsLessMotion.value = matches;
});

export const themeChoice = signal<ThemeChoice>(remembered());
export const theme = computed<Theme>(() => {
  if (themeChoice.value !== 'system') return themeChoice.value;
  return isDesktopDark.value ? 'dark' : 'light';
});

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // A browser that keeps nothing forgets the choice; that is all.
  }
}

function remembered(): ThemeChoice {
  try {
    return THEME_CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}
