/** How one class of pages looks on a map, on a terminal and on a page; a class is told by its glyphs without colour too. */
export interface Swatch {
  /** Stable name for scripts. */
  readonly id: string;
  readonly label: string;
  /** Four glyphs, from a quarter full to full; a family of shapes to each class of a colouring, so that no colour is needed. */
  readonly glyphs: string;
  /** Of the 256 colours of a terminal; from Okabe and Ito's palette, which colour-blind people can tell apart. */
  readonly colour: number;
  /** The same on a light and on a dark page, as #rrggbb. */
  readonly light: string;
  readonly dark: string;
}

/** Of the 256 colours of a terminal. */
export const SKY_BLUE = 74;
export const BLUE = 33;
export const GREEN = 36;
export const YELLOW = 221;
export const PURPLE = 175;
export const VERMILION = 166;
export const ORANGE = 214;
export const GREY = 245;
