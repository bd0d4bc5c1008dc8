// AssemblyScript, compiled by build.mjs into ../module-bytes.ts. Each function has a twin in TypeScript, which says
// what it does; addresses are bytes from the start of the memory that the module is given.
export { copyFourPages, copyPage } from './copy-pages';
export { countBytes, putCodes } from './huffman';
export { packPageEvents } from './page-events';
export { bytesOfWords, firstUnlike } from './page-looks';
export { runsOfFlags, runsOfWords, sortOutRuns, tallyRuns, translateRuns } from './page-runs';
export { countWords, useOfBytes, useOfWords } from './pageblock-use';
export { packPalettes } from './palettes';
