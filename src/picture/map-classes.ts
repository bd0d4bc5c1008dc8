import { NR_MIGRATETYPES } from '../mm/migratetype.js';
import { type Colouring, type ColouringName, classOfMigratetype, colouring } from './colourings.js';
import { colourOf, mix, type Theme } from './colours.js';
import { kindOfByte } from './page-bytes.js';
import { KIND_FREE, KIND_HOLE } from './page-kinds.js';
import type { Swatch } from './swatch.js';

/** One class of a colouring, as a map of many scales needs it. */
export interface MapClass {
  readonly label: string;
  /** 0xrrggbb, by theme. */
  readonly colour: Readonly<Record<Theme, number>>;
  /**
   * What a page of it counts when a cell of many pages must decide for one class; 0 is background, which shows through
   * the more of it there is.
   */
  readonly weight: number;
  /** It is seen in a cell of many pages, be it a single one. */
  readonly standsOut: boolean;
}

/** How a map sorts pages: a colouring, and what happens where a cell has pages of several classes. */
export interface MapClasses {
  readonly name: ColouringName;
  /** At most NR_CLASSES. CLASS_HOLE comes first, CLASS_BACKGROUND second. */
  readonly classes: readonly MapClass[];
  /** Class of a page, by [migratetype of its pageblock * 256 + its byte]; MIGRATETYPE_UNKNOWN is a migratetype here. */
  readonly classOf: Uint8Array;
}

export const NR_CLASSES = 16;
export const CLASS_HOLE = 0;
export const CLASS_BACKGROUND = 1;
export const MIGRATETYPE_UNKNOWN = NR_MIGRATETYPES;

/** A page that is in use and no more must not hide, among thousands, those with which something is going on. */
const RARE_WEIGHT = 6;
/** How much of its colour a free page keeps where pageblocks have colours. */
const FREE_SHARE = 0.35;

export function mapClasses(name: ColouringName): MapClasses {
  return (cache[name] ??= name === 'migratetype' ? ofPageblocks(colouring(name)) : ofPages(colouring(name)));
}
const cache: Partial<Record<ColouringName, MapClasses>> = {};

function ofPages({ name, swatches, classes, firstCompeting }: Colouring): MapClasses {
  const weightOf = ({ id }: Swatch, index: number) => {
    if (index < firstCompeting) return 0;
    return name === 'state' && id !== 'plain' ? RARE_WEIGHT : 1;
  };
  return {
    name,
    classes: swatches.map((swatch, index) => ({
      label: swatch.label,
      colour: coloursOf(swatch),
      weight: weightOf(swatch, index),
      standsOut: name === 'state' && swatch.id === 'refused',
    })),
    classOf: table((byte) => classes![byte]!),
  };
}

/** Full for pages in use, pale for free ones. */
function ofPageblocks({ name, swatches }: Colouring): MapClasses {
  const free = coloursOf(colouring('type').swatches[KIND_FREE]!);
  const pale = (colour: Readonly<Record<Theme, number>>) => ({
    light: mix(free.light, colour.light, FREE_SHARE),
    dark: mix(free.dark, colour.dark, FREE_SHARE),
  });
  const background = { label: 'free', colour: free, weight: 0, standsOut: false };
  const pairs = swatches.slice(1).flatMap((swatch) => {
    const colour = coloursOf(swatch);
    return [
      { label: swatch.label, colour, weight: 1, standsOut: false },
      { label: `${swatch.label}, free`, colour: pale(colour), weight: 1, standsOut: false },
    ];
  });
  return {
    name,
    classes: [{ ...background, label: swatches[0]!.label, colour: coloursOf(swatches[0]!) }, background, ...pairs],
    classOf: table((byte, type) => {
      if (kindOfByte(byte) === KIND_HOLE) return CLASS_HOLE;
      const pair = classOfMigratetype(type === MIGRATETYPE_UNKNOWN ? null : type) - 1;
      return 2 + 2 * pair + (kindOfByte(byte) === KIND_FREE ? 1 : 0);
    }),
  };
}

function coloursOf({ light, dark }: Swatch): Readonly<Record<Theme, number>> {
  return { light: colourOf(light), dark: colourOf(dark) };
}

function table(classOf: (byte: number, migratetype: number) => number): Uint8Array {
  const classes = new Uint8Array((MIGRATETYPE_UNKNOWN + 1) * 256);
  for (let type = 0; type <= MIGRATETYPE_UNKNOWN; type++)
    for (let byte = 0; byte < 256; byte++) classes[type * 256 + byte] = classOf(byte, type);
  return classes;
}
