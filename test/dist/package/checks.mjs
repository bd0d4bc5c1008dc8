import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/*
 * What publint and arethetypeswrong say of packed files, a line each; a program of its own, since both read far more
 * than a test should keep. Arguments: the folder of a package, its packed file, and so on.
 */

/**
 * Set aside. node10: TypeScript's way to find modules before `exports`, which Node itself has not gone since version 12.
 * CJSResolvesToESM: the package is ESM, and `require` loads it in every Node that it is for (require(esm), 20.19).
 */
const SET_ASIDE = ({ kind, resolutionKind }) => resolutionKind === 'node10' || kind === 'CJSResolvesToESM';

const paths = process.argv.slice(2);
for (let at = 0; at < paths.length; at += 2) {
  const [pkgDir, tarball] = paths.slice(at);
  const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true, level: 'suggestion' });
  for (const message of messages) console.log(`publint: ${formatMessage(message, pkg)}`);
  // A package without types, as a command is, has no problems with them.
  const { problems = [] } = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
  for (const problem of problems.filter((each) => !SET_ASIDE(each))) console.log(`types: ${JSON.stringify(problem)}`);
}
