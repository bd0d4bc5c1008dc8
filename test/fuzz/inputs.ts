import fc from 'fast-check';
import { EVIL, EVIL_NUMBERS, EVIL_WORDS } from './evil.js';
import type { Reader } from './reader.js';
import { spoiltTree } from './trees.js';

/*
 * What readers are given: bytes and texts that mean nothing, lines of words that mean something, and inputs as they
 * should be with a few things wrong. Inputs are handled as Latin-1, a character a byte, so that any bytes can be spoilt.
 */

export type Spoil = (text: string) => string;

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const part = fc.double({ min: 0, max: 1, noNaN: true });
const place = fc.nat(5000);
const evil = fc.oneof(fc.constantFrom(...EVIL), fc.string({ unit: 'binary', maxLength: 12 })).map(utf8);
const number = fc.oneof(
  fc.constantFrom(...EVIL_NUMBERS),
  fc.bigInt({ min: -2n, max: 2n ** 70n }).map(String),
  fc.nat(5000).map(String),
);

const nth = (list: readonly string[], at: number): string | undefined => list[at % Math.max(1, list.length)];

/** Every change of lines. */
const lineSpoils: fc.Arbitrary<Spoil> = fc.tuple(place, place, fc.nat(5)).map(([from, to, what]) => (text) => {
  const lines = text.split('\n');
  const [at, other] = [from % lines.length, to % lines.length];
  const line = lines[at] ?? '';
  if (what === 0) lines.splice(at, 1);
  else if (what === 1) lines.splice(other, 0, line);
  else if (what === 2) [lines[at], lines[other]] = [lines[other] ?? '', line];
  else if (what === 3) lines.splice(at, 1, ...new Array<string>(300).fill(line));
  else if (what === 4) lines.length = at;
  else lines[at] = line.repeat(1 + (to % 40));
  return lines.join('\n');
});

function replaceNth(text: string, what: RegExp, at: number, by: (found: string) => string): string {
  const found = [...text.matchAll(what)];
  const match = found[at % Math.max(1, found.length)];
  if (match === undefined) return text;
  return text.slice(0, match.index) + by(match[0]) + text.slice(match.index + match[0].length);
}

/** Every change of words and numbers. */
const wordSpoils: fc.Arbitrary<Spoil> = fc.oneof(
  fc.tuple(place, number).map<Spoil>(
    ([at, by]) =>
      (text) =>
        replaceNth(text, /\d+/g, at, () => utf8(by)),
  ),
  fc.tuple(place, evil).map<Spoil>(
    ([at, by]) =>
      (text) =>
        replaceNth(text, /[^\s,:;(){}[\]"]+/g, at, () => by),
  ),
  fc.tuple(place, place).map<Spoil>(([at, other]) => (text) => {
    const word = nth(text.match(/\S+/g) ?? [], other) ?? '';
    return replaceNth(text, /\S+/g, at, () => word);
  }),
  fc.tuple(place, fc.constantFrom(-1, 1, 512, -512)).map<Spoil>(
    ([at, by]) =>
      (text) =>
        replaceNth(text, /\d{1,15}/g, at, (found) => String(Number(found) + by)),
  ),
  fc.tuple(place, fc.nat(3)).map<Spoil>(
    ([at, digits]) =>
      (text) =>
        replaceNth(text, /\d+/g, at, (found) => `${found}${'0'.repeat(digits)}7`),
  ),
);

/** Every change of characters, wherever they are. */
const characterSpoils: fc.Arbitrary<Spoil> = fc.oneof(
  part.map<Spoil>((at) => (text) => text.slice(0, Math.floor(at * text.length))),
  part.map<Spoil>((at) => (text) => text.slice(Math.floor(at * text.length))),
  fc.tuple(part, evil).map<Spoil>(
    ([at, what]) =>
      (text) =>
        inserted(text, at, what),
  ),
  fc.tuple(part, fc.uint8Array({ minLength: 1, maxLength: 40 })).map<Spoil>(
    ([at, bytes]) =>
      (text) =>
        inserted(text, at, Buffer.from(bytes).toString('latin1')),
  ),
  fc.tuple(part, fc.integer({ min: 1, max: 255 })).map<Spoil>(
    ([at, bits]) =>
      (text) =>
        flipped(text, at, bits),
  ),
  // What takes long with a pattern that looks back takes long here.
  fc.tuple(part, fc.constantFrom(40, 400, 20_000)).map<Spoil>(
    ([at, times]) =>
      (text) =>
        inserted(text, at, (text[Math.floor(at * (text.length - 1))] ?? ' ').repeat(times)),
  ),
);

const wholeSpoils: fc.Arbitrary<Spoil> = fc.constantFrom<Spoil>(
  () => '',
  () => '\n',
  () => '\n'.repeat(50_000),
  () => ' '.repeat(50_000),
  (text) => `${'x'.repeat(300_000)}\n${text}`,
  (text) => `${utf8('\ufeff')}${text}`,
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => text.replaceAll('\n', '\r'),
  (text) => text.replaceAll('\n', ' '),
  (text) => text.replaceAll('\n', '\n\n'),
  (text) => text.replaceAll(' ', '\t'),
  (text) => text.replace(/\n$/, ''),
  (text) => `${text}${text}`,
  (text) => text.repeat(30),
  (text) => text.toUpperCase(),
  (text) => [...text].reverse().join(''),
  (text) => Buffer.from(text, 'utf16le').toString('latin1'),
);

/** Anything that may be wrong with a text. */
export const spoil: fc.Arbitrary<Spoil> = fc.oneof(
  { arbitrary: wordSpoils, weight: 6 },
  { arbitrary: lineSpoils, weight: 3 },
  { arbitrary: characterSpoils, weight: 3 },
  { arbitrary: wholeSpoils, weight: 1 },
);

function inserted(text: string, at: number, what: string): string {
  const position = Math.floor(at * text.length);
  return text.slice(0, position) + what + text.slice(position);
}

function flipped(text: string, at: number, bits: number): string {
  const position = Math.floor(at * (text.length - 1));
  const code = text.charCodeAt(position);
  return Number.isNaN(code)
    ? text
    : text.slice(0, position) + String.fromCharCode(code ^ bits) + text.slice(position + 1);
}

/** A text from the reader's own words and those that have no business in it. */
function linesOfWords(words: readonly string[]): fc.Arbitrary<Buffer> {
  const word = fc.oneof(
    { arbitrary: fc.constantFrom(...words), weight: 4 },
    { arbitrary: number, weight: 2 },
    { arbitrary: fc.constantFrom(...EVIL_WORDS), weight: 1 },
  );
  const between = fc.constantFrom('', ' ', ' ', '\n', ',', ':', '-', '\t');
  return fc
    .array(fc.tuple(word, between), { maxLength: 30 })
    .map((pairs) => Buffer.from(pairs.map((pair) => pair.join('')).join(''), 'utf8'));
}

/** Every kind of input for one reader. */
export function inputsFor(reader: Reader): fc.Arbitrary<Buffer> {
  const seeds = reader.seeds();
  const seed = fc.constantFrom(...seeds);
  const own = seeds.flatMap(
    (bytes) =>
      bytes
        .subarray(0, 4000)
        .toString('utf8')
        .match(/[\w.-]+|[^\w\s]/g) ?? [],
  );
  const words = [...new Set([...(reader.words ?? []), ...own]), ''].slice(0, 400);
  const spoilt = fc.tuple(seed, fc.array(spoil, { minLength: 1, maxLength: 4 })).map(([bytes, spoils]) =>
    Buffer.from(
      spoils.reduce((text, change) => cut(change(text)), bytes.toString('latin1')),
      'latin1',
    ),
  );
  const { parse } = reader;
  return fc.oneof(
    { arbitrary: spoilt, weight: 12 },
    { arbitrary: linesOfWords(words), weight: 3 },
    { arbitrary: fc.string({ unit: 'binary' }).map((text) => Buffer.from(text, 'utf8')), weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
    ...(parse === undefined
      ? []
      : [{ arbitrary: spoiltTree(seeds.map((bytes) => parse(bytes.toString('utf8')))), weight: 12 }]),
  );
}

/** Several changes that each make a text longer would make it longer than anybody has time for. */
const cut: Spoil = (text) => text.slice(0, 2 ** 20);
