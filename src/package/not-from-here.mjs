/*
 * `npm pack` at the top of the checkout would make a file of everything that the compiler writes. What is published is
 * made by `npm run package`; package.json there has no scripts, so only the wrong folder comes by here.
 */

process.stderr.write(
  'vacate: this folder is the checkout; write npm run package && npm pack ./dist/package ./dist/package-cli\n',
);
process.exitCode = 1;
