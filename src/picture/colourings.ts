import { MIGRATETYPE_NAMES, NR_MIGRATETYPES } from '../mm/migratetype.js';
import { NR_PAGE_ORDERS } from '../mm/units.js';
import { kindOfByte, type PageByte, STATE_PCP, stateOfByte } from './page-bytes.js';
import { KIND_FREE, KIND_HOLE, PAGE_KINDS } from './page-kinds.js';
import { BLUE, GREEN, GREY, ORANGE, PURPLE, SKY_BLUE, type Swatch, VERMILION, YELLOW } from './swatch.js';

/** What the colours of a map may stand for; the terminal and the page in a browser offer the same, by these names. */
export const COLOURINGS = ['type', 'state', 'migratetype', 'order'] as const;
export type ColouringName = (typeof COLOURINGS)[number];

/** The classes into which a colouring sorts pages. */
export interface Colouring {
  readonly name: ColouringName;
  /** What is asked, for headings and controls. */
  readonly title: string;
  /** Class 0 is no memory. */
  readonly swatches: readonly Swatch[];
  /** Class by page byte; null if pageblocks have classes (then `classOfMigratetype` says which). */
  readonly classes: Uint8Array | null;
  /** Classes from this one on compete for a cell: those of pages in use, or of free ones where these are asked about. */
  readonly firstCompeting: number;
}

const HOLE = PAGE_KINDS[KIND_HOLE]!;
const FREE = PAGE_KINDS[KIND_FREE]!;

const FREE_PCP: Swatch = {
  id: 'free-per-cpu',
  label: "free, on a CPU's list",
  glyphs: 'cccc',
  colour: GREY,
  light: '#a9b1b8',
  dark: '#5b646c',
};

/** By class: no memory, free, free on a per-CPU list, then STATE_PLAIN and those after it. */
const STATE_SWATCHES: readonly Swatch[] = [
  HOLE,
  FREE,
  FREE_PCP,
  { id: 'plain', label: 'in use', glyphs: '░▒▓█', colour: SKY_BLUE, light: '#8fb9d6', dark: '#4d7d9c' },
  { id: 'dirty', label: 'dirty', glyphs: 'ddDD', colour: ORANGE, light: '#e69f00', dark: '#e69f00' },
  { id: 'writeback', label: 'under writeback', glyphs: 'wwWW', colour: YELLOW, light: '#e2d23a', dark: '#f0e442' },
  { id: 'locked', label: 'locked', glyphs: 'llLL', colour: PURPLE, light: '#cc79a7', dark: '#cc79a7' },
  { id: 'unevictable', label: 'unevictable', glyphs: 'uuUU', colour: BLUE, light: '#0072b2', dark: '#2f86c8' },
  { id: 'isolated', label: 'isolated', glyphs: 'iiII', colour: VERMILION, light: '#a64700', dark: '#b4561a' },
  { id: 'arrived', label: 'moved here', glyphs: '▖▄▙■', colour: GREEN, light: '#009e73', dark: '#13a97e' },
  { id: 'refused', label: 'has refused', glyphs: '✗✗✗✗', colour: 202, light: '#d55e00', dark: '#ff7a1f' },
];
const CLASS_FREE_PCP = 2;
const CLASS_PLAIN = 3;

/** By class: no memory, MIGRATE_* plus one, not known. */
const MIGRATETYPE_SWATCHES: readonly Swatch[] = [
  HOLE,
  migratetypeSwatch(0, 'uuUU', VERMILION, '#d55e00', '#de6d16'),
  migratetypeSwatch(1, '·░▓█', SKY_BLUE, '#56b4e9', '#56b4e9'),
  migratetypeSwatch(2, 'rrRR', GREEN, '#009e73', '#13a97e'),
  migratetypeSwatch(3, 'iiII', PURPLE, '#cc79a7', '#cc79a7'),
  { id: 'not-known', label: 'not known', glyphs: '????', colour: GREY, light: '#d5dade', dark: '#363c42' },
];
export const CLASS_MIGRATETYPE_UNKNOWN = NR_MIGRATETYPES + 1;

function migratetypeSwatch(type: 0 | 1 | 2 | 3, glyphs: string, colour: number, light: string, dark: string): Swatch {
  return { id: MIGRATETYPE_NAMES[type], label: MIGRATETYPE_NAMES[type], glyphs, colour, light, dark };
}

/** The higher the order, the brighter: dark blue to yellow, in steps that are told apart without seeing colour, too. */
const ORDER_COLOURS: readonly (readonly [colour: number, light: string, dark: string])[] = [
  [54, '#440f5c', '#5b2a78'],
  [60, '#46327e', '#5a4796'],
  [61, '#3e4a89', '#4f5ca3'],
  [67, '#365c8d', '#4470a6'],
  [31, '#2c728e', '#3484a3'],
  [30, '#21868c', '#2a979d'],
  [36, '#1f9c88', '#26ad97'],
  [71, '#35b479', '#3cc285'],
  [113, '#5ec962', '#66d26a'],
  [149, '#a2d93a', '#addf46'],
  [227, '#dfe318', '#fde725'],
];

export const CLASS_USED = 1;
const CLASS_ORDER_0 = 2;
/** By class: no memory, in use, orders from 0 on, then free pages on per-CPU lists. */
const ORDER_SWATCHES: readonly Swatch[] = [
  HOLE,
  { id: 'used', label: 'in use', glyphs: '░▒▓█', colour: GREY, light: '#e4e7ea', dark: '#292e33' },
  ...ORDER_COLOURS.map(([colour, light, dark], order) => ({
    id: `order-${order}`,
    label: `order ${order}`,
    glyphs: (order < 10 ? `${order}` : 'X').repeat(4),
    colour,
    light,
    dark,
  })),
  FREE_PCP,
];

function classTable(classOf: (byte: PageByte) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => classOf(byte));
}

function stateClass(byte: PageByte): number {
  const kind = kindOfByte(byte);
  if (kind === KIND_HOLE) return 0;
  if (kind === KIND_FREE) return stateOfByte(byte) === STATE_PCP ? CLASS_FREE_PCP : 1;
  return Math.min(stateOfByte(byte) + CLASS_PLAIN, STATE_SWATCHES.length - 1);
}

function orderClass(byte: PageByte): number {
  const kind = kindOfByte(byte);
  if (kind === KIND_HOLE) return 0;
  if (kind !== KIND_FREE) return CLASS_USED;
  const order = stateOfByte(byte);
  return order === STATE_PCP ? CLASS_ORDER_0 + NR_PAGE_ORDERS : CLASS_ORDER_0 + Math.min(order, NR_PAGE_ORDERS - 1);
}

const BY_NAME: Readonly<Record<ColouringName, Colouring>> = {
  type: {
    name: 'type',
    title: 'page type',
    swatches: PAGE_KINDS,
    classes: classTable((byte) => Math.min(kindOfByte(byte), PAGE_KINDS.length - 1)),
    firstCompeting: KIND_FREE + 1,
  },
  state: {
    name: 'state',
    title: 'state',
    swatches: STATE_SWATCHES,
    classes: classTable(stateClass),
    firstCompeting: CLASS_PLAIN,
  },
  migratetype: {
    name: 'migratetype',
    title: 'migratetype',
    swatches: MIGRATETYPE_SWATCHES,
    classes: null,
    firstCompeting: 1,
  },
  order: {
    name: 'order',
    title: 'free order',
    swatches: ORDER_SWATCHES,
    classes: classTable(orderClass),
    firstCompeting: CLASS_ORDER_0,
  },
};

export function colouring(name: ColouringName): Colouring {
  return BY_NAME[name];
}

/** Class of a pageblock's pages in the colouring `migratetype`; null is not known. */
export function classOfMigratetype(type: number | null): number {
  return type === null || type >= NR_MIGRATETYPES ? CLASS_MIGRATETYPE_UNKNOWN : type + 1;
}
