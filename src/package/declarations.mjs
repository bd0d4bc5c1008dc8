import ts from 'typescript';

/*
 * The types of the package. Starting from what the entries export, each declaration that is named by one that is kept is
 * kept as well, and all of them go into one file; whatever nobody can reach is left out. Each entry then says which of
 * them are its names. That is a quarter of what the compiler writes, and no import of an import has to be followed.
 */

/** Where the declarations are, beside the entries. */
const SHARED = 'types';

/**
 * Rolls up what the compiler declared.
 *
 * @param {object} wish
 * @param {Record<string, string>} wish.entries What each entry is called, and its compiled `.d.ts`.
 * @param {Record<string, string[]>} wish.values The names that each entry has at run time; its others are types alone.
 * @param {string} wish.root Whatever lies elsewhere is another package's, and imported.
 * @returns {Map<string, string>} The text of each file of types, by its path beside the entries.
 */
export function rollUp({ entries, values, root }) {
  const program = ts.createProgram(Object.values(entries), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
    noLib: true,
    skipLibCheck: true,
  });
  const reached = new Reached(program.getTypeChecker(), root);
  const files = new Map();
  for (const [name, path] of Object.entries(entries)) {
    const exported = reached.exportsOf(program.getSourceFile(path));
    files.set(`${name}.d.ts`, entryText(name, exported, values[name]));
  }
  files.set(`${SHARED}.d.ts`, reached.text());
  return files;
}

/** `export { A } from '../types.js'`, and the same for what are types alone. */
function entryText(name, exported, values) {
  const from = `${name.includes('/') ? '../'.repeat(name.split('/').length - 1) : './'}${SHARED}.js`;
  const specifier = ([as, own]) => (as === own ? as : `${own} as ${as}`);
  const list = (keyword, isWanted) => {
    const wanted = [...exported].filter(([as, own]) => typeof own === 'string' && isWanted(as)).map(specifier);
    return wanted.length === 0 ? '' : `${keyword} { ${wanted.sort().join(', ')} } from '${from}';\n`;
  };
  const passedOn = [...exported].filter(([, own]) => typeof own !== 'string');
  const others = passedOn.map(([as, own]) => `export { ${as} } from '${own.from}';\n`).join('');
  return others + list('export', (as) => values.includes(as)) + list('export type', (as) => !values.includes(as));
}

/** The declarations that can be reached, and what each is called where they all lie together. */
class Reached {
  #checker;
  #root;
  /** Top-level statements to be kept, in the order in which they were found. */
  #statements = new Set();
  #names = new Map();
  #taken = new Set();
  /** Names by the package that they are imported from. */
  #imports = new Map();
  #public = new Set();

  constructor(checker, root) {
    this.#checker = checker;
    this.#root = root;
  }

  /** What an entry exports, and what that is called here. */
  exportsOf(file) {
    const exported = new Map();
    for (const symbol of this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(file))) {
      const declared = this.#resolved(symbol);
      this.#public.add(declared);
      const own = this.#nameOf(declared, symbol.name === 'default' ? 'pageType' : symbol.name);
      exported.set(symbol.name, own ?? { from: this.#packageOf(symbol) });
    }
    return exported;
  }

  text() {
    const texts = [];
    // Whatever is printed may reach more: a Set is walked to its end, however long it gets meanwhile.
    for (const statement of this.#statements) texts.push(this.#print(statement));
    const imports = [...this.#imports].map(
      ([from, names]) => `import type { ${[...names].sort().join(', ')} } from '${from}';\n`,
    );
    // Where nothing says what is exported, everything is (TypeScript, ambient modules).
    return `${imports.sort().join('')}${texts.join('')}`;
  }

  /** The package that an entry passes a name on from. */
  #packageOf(symbol) {
    for (let at = symbol; at.flags & ts.SymbolFlags.Alias; at = this.#checker.getImmediateAliasedSymbol(at)) {
      const specifier = at.declarations?.find((node) => ts.isImportSpecifier(node) || ts.isExportSpecifier(node));
      const from = specifier && ts.findAncestor(specifier, (node) => node.moduleSpecifier !== undefined);
      if (from !== undefined && !from.moduleSpecifier.text.startsWith('.')) return from.moduleSpecifier.text;
    }
    throw new Error(`${symbol.name} is declared nowhere`);
  }

  #resolved(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** What a declaration is called here; null for what needs no name, as members and what the language has. */
  #nameOf(symbol, wanted = symbol.name) {
    const known = this.#names.get(symbol);
    if (known !== undefined) return known;
    const statements = (symbol.declarations ?? []).map(statementOf).filter((statement) => this.#isOurs(statement));
    if (statements.length === 0) return null;
    let name = wanted;
    for (let n = 2; this.#taken.has(name); n++) name = `${wanted}${n}`;
    this.#taken.add(name);
    this.#names.set(symbol, name);
    for (const statement of statements) this.#statements.add(statement);
    return name;
  }

  #isOurs(statement) {
    const path = statement?.getSourceFile().fileName ?? '';
    return path.startsWith(this.#root) && !path.includes('/node_modules/');
  }

  /** The statement with names as they are here. */
  #print(statement) {
    const file = statement.getSourceFile();
    const edits = [];
    const visit = (node) => {
      const named = this.#named(node);
      if (named !== null) edits.push({ start: node.getStart(file), end: node.end, text: named });
      else ts.forEachChild(node, visit);
    };
    visit(statement);
    const isPublic = declarationsIn(statement).some((node) =>
      this.#public.has(this.#checker.getSymbolAtLocation(node)),
    );
    const start = isPublic ? statement.getFullStart() : statement.getStart(file);
    let text = file.text.slice(start, statement.end);
    for (const edit of edits.reverse())
      text = text.slice(0, edit.start - start) + edit.text + text.slice(edit.end - start);
    return `${tidy(text, isPublic)}\n`;
  }

  /** What a name is to be written as; null if it stays, or has parts that may not. */
  #named(node) {
    if (ts.isImportTypeNode(node)) return this.#imported(node);
    if (!ts.isIdentifier(node) || isMemberName(node)) return null;
    const symbol = this.#checker.getSymbolAtLocation(node);
    if (symbol === undefined) return null;
    const declared = this.#resolved(symbol);
    const name = isTopLevel(declared) ? this.#nameOf(declared) : null;
    if (name !== null) return name === node.text ? null : name;
    this.#noteImport(symbol);
    return null;
  }

  /** `import('../sim/machine.js').Machine` is `Machine` here. */
  #imported(node) {
    if (node.qualifier === undefined || !ts.isIdentifier(node.qualifier))
      throw new Error(`${node.getText()} in ${node.getSourceFile().fileName}: a type that is imported has one name`);
    const name = this.#nameOf(this.#resolved(this.#checker.getSymbolAtLocation(node.qualifier)));
    if (name === null) return null;
    const [first] = node.typeArguments ?? [];
    const rest = first === undefined ? '' : node.getSourceFile().text.slice(first.getStart() - 1, node.end);
    return name + rest;
  }

  #noteImport(symbol) {
    const specifier = symbol.declarations?.find(ts.isImportSpecifier);
    if (specifier === undefined) return;
    const from = specifier.parent.parent.parent.moduleSpecifier.text;
    if (from.startsWith('.')) return;
    const names = this.#imports.get(from) ?? new Set();
    this.#imports.set(from, names.add(specifier.getText().replace(/^type /, '')));
    this.#taken.add(specifier.name.text);
  }
}

function statementOf(node) {
  let at = node;
  while (at !== undefined && at.parent !== undefined && !ts.isSourceFile(at.parent)) at = at.parent;
  return at === undefined || ts.isSourceFile(at) ? null : at;
}

function isTopLevel(symbol) {
  return (symbol.declarations ?? []).some((declaration) => {
    const statement = statementOf(declaration);
    return statement !== null && declarationsIn(statement).some((name) => name.parent === declaration);
  });
}

/** The names that a top-level statement declares. */
function declarationsIn(statement) {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name);
  return statement.name === undefined ? [] : [statement.name];
}

/** `b` of `a.b`, and what a member is called: names that only mean something there. */
function isMemberName(node) {
  const { parent } = node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isParameter(parent)) && parent.name === node;
}

/** Without examples, which the reference has, and with narrow margins; comments only where others may read them. */
function tidy(text, hasComments) {
  const comments = (all) =>
    hasComments
      ? all.replace(/\n\s*\* @example[\s\S]*?(?=\n\s*\* @|\n\s*\*\/|\*\/)/g, '').replace(/\n\s+\*/g, '\n *')
      : '';
  return text
    .replace(/\/\*\*[\s\S]*?\*\/\s*?\n?/g, comments)
    .replace(/^export (?:default )?/gm, '')
    .replace(/^\s+private .*;\n/gm, '')
    .replace(/^( {4})+/gm, (margin) => '\t'.repeat(margin.length / 4))
    .replace(/\n\s*\n/g, '\n')
    .trim();
}
