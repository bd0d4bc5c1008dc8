import type { Theme } from '../../picture/colours.js';

/** What is not memory on a map: ground, lines, words. The same values stand in style.css. */
export interface Paper {
  readonly ground: number;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly strong: string;
  readonly halo: string;
  readonly warning: string;
  readonly veil: string;
}

export const PAPER: Readonly<Record<Theme, Paper>> = {
  light: {
    ground: 0xffffff,
    text: '#24292e',
    quiet: '#687077',
    line: 'rgba(30, 36, 42, 0.28)',
    strong: '#111315',
    halo: 'rgba(255, 255, 255, 0.85)',
    warning: '#b24c00',
    veil: 'rgba(255, 255, 255, 0.62)',
  },
  dark: {
    ground: 0x111417,
    text: '#d9dde1',
    quiet: '#98a0a8',
    line: 'rgba(220, 228, 236, 0.26)',
    strong: '#ffffff',
    halo: 'rgba(12, 14, 16, 0.85)',
    warning: '#ff9a4d',
    veil: 'rgba(17, 20, 23, 0.62)',
  },
};
