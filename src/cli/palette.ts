import pc from 'picocolors';

/** Colours for a terminal, or none at all: every function then returns what it was given. */
export interface Palette {
  readonly isColoured: boolean;
  bold(text: string): string;
  dim(text: string): string;
  /** It went as it was meant to. */
  good(text: string): string;
  /** It did not, or it will not. */
  bad(text: string): string;
  /** One of the 256 colours that terminals share. */
  in256(colour: number, text: string): string;
}

/** Green and red are not to be told apart by everybody: these are Okabe and Ito's bluish green and vermilion. */
const GOOD = 36;
const BAD = 202;

export function createPalette(isColoured: boolean): Palette {
  const { bold, dim } = pc.createColors(isColoured);
  const in256 = (colour: number, text: string) => (isColoured ? `\u001b[38;5;${colour}m${text}\u001b[39m` : text);
  return {
    isColoured,
    bold,
    dim,
    good: (text) => in256(GOOD, text),
    bad: (text) => in256(BAD, text),
    in256,
  };
}

/** Colour only on a terminal that has it, and never against the user's will (https://no-color.org). */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): boolean {
  const refused = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb' || argv.includes('--no-color');
  return stream.isTTY === true && !refused;
}
