/** What the texts of a new package are made with. */
export interface NewPackage {
  /** Kebab-case: "ring-buffer". */
  readonly name: string;
  /** What npm is to install as "vacate": a version, or "file:…". */
  readonly vacate: string;
}

/** The files of a package with a page type that passes the kit as it is, by path. */
export function filesOfPackage(made: NewPackage): ReadonlyMap<string, string> {
  return new Map([
    ['package.json', `${JSON.stringify(manifest(made), null, 2)}\n`],
    ['tsconfig.json', `${JSON.stringify(TSCONFIG, null, 2)}\n`],
    ['.gitignore', 'dist\nnode_modules\n'],
    ['README.md', readme(made)],
    ['src/index.ts', index(made)],
    ['src/handler.ts', handler(made)],
    ['src/refusals.ts', REFUSALS],
    [`src/${made.name}.test.ts`, test(made)],
  ]);
}

/** "ring-buffer" -> "RingBuffer". */
function inPascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

const manifest = ({ name, vacate }: NewPackage) => ({
  name: `vacate-plugin-${name}`,
  version: '0.1.0',
  description: `A page type for vacate: ${name}`,
  type: 'module',
  main: './dist/index.js',
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  files: ['dist', '!dist/*.test.*'],
  scripts: { build: 'tsc', test: `tsc && node --test dist/${name}.test.js` },
  peerDependencies: { vacate: '*' },
  devDependencies: { '@types/node': '^20.19.0', typescript: '^5.9.0', vacate },
});

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    rootDir: 'src',
    outDir: 'dist',
    declaration: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    types: ['node'],
  },
  include: ['src'],
};

const index = ({ name }: NewPackage) => `import { definePageType } from 'vacate/handler';
import { ${inPascalCase(name)}Handler } from './handler.js';
import { refusals } from './refusals.js';

export default definePageType({
  name: '${name}',
  api: 1,
  order: 'pre', // before movable-ops, which takes every page that a driver can move
  claims: 'pages of the ${name} driver',
  refusals,
  create: (pages) => new ${inPascalCase(name)}Handler(pages),
});
`;

const handler = ({ name }: NewPackage) => `import {
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_MOVABLE_OPS,
} from 'vacate/handler';
import { RELEASED } from './refusals.js';

/** Pages of the ${name} driver, which is asked before they move. */
export class ${inPascalCase(name)}Handler implements PageTypeHandler {
  readonly #pages: PageView;

  constructor(pages: PageView) {
    this.#pages = pages;
  }

  /** Is a page with these flags mine? The same flags always get the same answer. */
  claims(flags: number): boolean {
    return (flags & PG_MOVABLE_OPS) !== 0;
  }

  /** Would this page be refused now, and why? It only looks. */
  refuses(page: Pfn): number {
    return this.#pages.inCache(page) ? 0 : RELEASED;
  }

  /** References that the owner holds besides mappings: here the driver's table has one. */
  references(): number {
    return 1;
  }

  isolate(page: Pfn): number {
    return this.#pages.isolateFromDriver(page, RELEASED);
  }

  /** Re-points what names the page. All or nothing: 0, or a code with nothing changed. */
  migrate(source: Pfn, target: Pfn): number {
    return this.#pages.moveSlot(source, target) ? 0 : RELEASED;
  }

  putback(page: Pfn): void {
    this.#pages.putbackToDriver(page);
  }
}
`;

const REFUSALS = `import type { RefusalTable } from 'vacate/handler';

/** What the handler answers is an index into the table; 0 is no refusal. */
export const RELEASED = 1;

export const refusals: RefusalTable = [
  null,
  { id: 'released', kind: 'retry', because: 'its driver has let go of it' },
];
`;

const test = ({ name }: NewPackage) => `import { test } from 'node:test';
import { driverPages, pageTypeConformance } from 'vacate/testing';
import pageType from './index.js';

// The kit: one test for each rule that a page type has to keep. driverPages() makes pages of a driver;
// anonymousPages() and others make those of processes and files.
for (const { name, run } of pageTypeConformance(pageType, driverPages())) test(\`${name}: \${name}\`, run);
`;

const readme = ({ name, vacate }: NewPackage) => `# vacate-plugin-${name}

A page type for vacate: which pages it claims, how they move, and what it refuses.

\`\`\`
npm install
npm test
npx vacate handlers --plugin .
\`\`\`

| file | what it has |
| --- | --- |
| \`src/handler.ts\` | six short methods, in the words of the kernel's \`movable_operations\` |
| \`src/refusals.ts\` | why a page does not go; \`retry\` if the cause may go away, else \`permanent\` |
| \`src/index.ts\` | the plugin: its name, who is asked first, what it claims |
| \`src/${name}.test.ts\` | the kit of \`vacate/testing\`, under the test runner of Node |

As it stands it moves the pages of a driver. Change \`claims\` to yours, add what your driver would refuse, and make the
causes of each refusal for the kit (\`driverPages({ released: 'released', 'my-refusal': … })\`).

Every command of vacate takes it, in threads too:

\`\`\`
npx vacate offline machine.yaml --dimm dimm0 --plugin ./path/to/vacate-plugin-${name}
\`\`\`

The tests run against \`${vacate}\` (devDependencies in package.json).
`;
