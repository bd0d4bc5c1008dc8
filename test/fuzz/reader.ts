import { expect } from '@jest/globals';
import { VacateError } from '../../src/base/vacate-error.js';

/** Whatever makes something of text or bytes that are not ours. */
export interface Reader {
  /** Also that of its folder in test/fixtures/fuzz. */
  readonly name: string;
  /** What it reads, for people. */
  readonly about: string;
  /** Inputs that are as they should be, to be spoilt. */
  seeds(): readonly Buffer[];
  /** What means something in such an input, beside what its seeds have. */
  readonly words?: readonly string[];
  /** For inputs that are a tree of values: how a seed becomes one. It is then spoilt as a tree too. */
  readonly parse?: (text: string) => unknown;
  /** It gets so many times fewer runs than what takes next to no time; 1 by default. */
  readonly cost?: number;
  /**
   * Reads an input, and checks by `expect` what holds for every result. What it would show people is what it returns:
   * nothing in that may be obeyed by a terminal. `isThorough` is true for kept inputs: where chance picks one of several
   * questions, they are asked all.
   */
  read(input: Buffer, isThorough?: boolean): Outcome | Promise<Outcome>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: most readers show nothing
type Outcome = string | void;

/** How a reading ended: there is a result, or a sentence that says why not. */
export type Ending = 'result' | 'sentence';

/** What one input may cost: far more than any takes, and no wall clock, as others share the processors. */
const CPU_MS_MAX = 5000;
/** A machine of 1 TiB, the largest that there may be, takes an image of 1.5 GiB. */
const GROWTH_MIB_MAX = 2048;
const SENTENCE_MAX = 600;
/** A scenario is told all that is wrong with it at once. */
const PROBLEMS_MAX = 32;

/** Control characters, marks that turn the direction of writing, and halves of characters. */
const OBEYED = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u;
/** What may stand in texts of several lines. */
const OBEYED_IN_LINES = /[^\P{Cc}\n]|[\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Reads one input, and fails unless that ends as it must: with a result, or with a VacateError of one line. */
export async function endsWell(reader: Reader, input: Buffer, isThorough = false): Promise<Ending> {
  const before = { cpu: process.cpuUsage(), peakKiB: process.resourceUsage().maxRSS };
  const ending = await endingOf(() => reader.read(input, isThorough));
  const { user, system } = process.cpuUsage(before.cpu);
  expect((user + system) / 1000).toBeLessThan(CPU_MS_MAX);
  expect((process.resourceUsage().maxRSS - before.peakKiB) / 1024).toBeLessThan(GROWTH_MIB_MAX);
  return ending;
}

/** The same for anything that may be asked for. */
export async function endingOf(ask: () => unknown): Promise<Ending> {
  let ending: Ending = 'result';
  try {
    const shown = await ask();
    if (typeof shown === 'string') expect(shown).not.toMatch(OBEYED_IN_LINES);
  } catch (error) {
    if (!VacateError.is(error)) throw error;
    checkSentence(error);
    ending = 'sentence';
  }
  expect(prototypesTouched()).toEqual([]);
  return ending;
}

/** One line that says something; of a scenario one for each thing that is wrong. */
export function checkSentence({ kind, message }: VacateError): void {
  const lines = kind === 'scenario' ? message.split('\n') : [message];
  expect(lines.length).toBeLessThanOrEqual(PROBLEMS_MAX);
  for (const line of lines) {
    expect(line).not.toMatch(OBEYED);
    expect(line).toMatch(/\p{L}{2}.* .*\p{L}{2}/u);
    expect(line.length).toBeLessThanOrEqual(SENTENCE_MAX);
  }
}

const PROTOTYPES = [Object, Array, Function, String, Number, Boolean, Map, Set, Error].map(
  ({ prototype }) => prototype,
);
const NAMES = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length);

/** Names of classes whose prototype is no longer what it was. */
function prototypesTouched(): string[] {
  return PROTOTYPES.filter((prototype, at) => Reflect.ownKeys(prototype).length !== NAMES[at]).map((prototype) =>
    String(prototype.constructor.name),
  );
}

/** The bytes of a text. */
export const bytesOf = (text: string): Buffer => Buffer.from(text, 'utf8');
