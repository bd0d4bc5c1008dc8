import { posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { packageOf } from './bundle.mjs';

/*
 * Which of two packages each file belongs to: to the framework whatever its entries reach, to the command line the rest.
 * Each file is in one of them only, or there would be two of each class in a program that runs both.
 */

const ELSEWHERE = 'that is in the other package, which only imports can reach; see src/package/split.mjs';

/**
 * Parts the files.
 *
 * @param {ReadonlyMap<string, string>} files The text of each by its name; they name each other by relative paths.
 * @param {object} wish
 * @param {readonly string[]} wish.entries Files that the framework begins with.
 * @param {string} wish.internal What the command's files name those of the framework below: "vacate/internal".
 * @returns {{ framework: Part, command: Part }}
 * @throws An error if an address leads from one package to the other, or from the framework to a file beside the command
 *   line: nothing but imports can.
 *
 * @typedef {object} Part
 * @property {ReadonlyMap<string, string>} files The text of each by its name.
 * @property {readonly string[]} packages What it needs at run time besides.
 */
export function split(files, { entries, internal }) {
  const read = new Map([...files].map(([name, text]) => [name, mentioned(name, text)]));
  const reached = new Set(entries);
  // A Set is walked to its end, however long it gets meanwhile.
  for (const name of reached)
    for (const { file } of expectFile(read, name)) if (file?.endsWith('.js')) reached.add(file);
  for (const name of reached)
    for (const { file, isAddress } of read.get(name))
      if (isAddress && file.startsWith('../')) throw new Error(`${name} has the address of ${file}: ${ELSEWHERE}`);
  const command = [...files.keys()].filter((name) => !reached.has(name));
  const linked = command.map((name) => [name, linkedTo(files.get(name), read.get(name), reached, internal)]);
  return {
    framework: part(
      [...reached].map((name) => [name, files.get(name)]),
      read,
    ),
    command: part(linked, read),
  };
}

function expectFile(read, name) {
  const mentions = read.get(name);
  if (mentions === undefined) throw new Error(`${name} is named, and was not bundled`);
  return mentions;
}

function part(files, read) {
  const packages = files
    .flatMap(([name]) => read.get(name))
    .filter(({ file, text }) => file === null && !text.startsWith('node:'))
    .map(({ text }) => packageOf(text));
  return { files: new Map(files), packages: [...new Set(packages)].sort() };
}

/** The text of a file of the command, with imports of the framework's files by the name of their package. */
function linkedTo(text, mentions, reached, internal) {
  let linked = text;
  for (const { file, isAddress, start, end } of [...mentions].reverse()) {
    if (!reached.has(file)) continue;
    if (isAddress) throw new Error(`the command line has the address of ${file}: ${ELSEWHERE}`);
    linked = `${linked.slice(0, start)}${JSON.stringify(`${internal}/${file}`)}${linked.slice(end)}`;
  }
  return linked;
}

/**
 * What a file names, in the order of its text: modules that it imports, and files by their address.
 *
 * @typedef {object} Mention
 * @property {string} text As it is written.
 * @property {string | null} file Which file that is; null for another package's.
 * @property {boolean} isAddress
 * @property {number} start Where the text begins, with its quotes.
 * @property {number} end
 *
 * @returns {Mention[]}
 */
function mentioned(name, code) {
  const mentions = [];
  const note = (node, isAddress) => {
    const text = textOf(node);
    if (text === null) return;
    const isOurs = /^\.\.?\//.test(text);
    const file = isOurs ? posix.join(posix.dirname(name), text) : null;
    if (isOurs || !isAddress) mentions.push({ text, file, isAddress, start: node.start, end: node.end });
  };
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (IMPORTS.includes(node.type) && node.source != null) note(node.source, false);
    if (node.type === 'NewExpression' && node.callee.name === 'URL') note(node.arguments[0], true);
    for (const value of Object.values(node)) visit(value);
  };
  visit(parseAst(code));
  return mentions.sort((a, b) => a.start - b.start);
}

const IMPORTS = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression'];

/** 'text' or `text`; null for what is computed. */
function textOf(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return null;
}
