export { CaptureFiles } from './capture-files.js';
export type { CaptureSource, StreamedSource } from './capture-source.js';
export { parseSystemRam } from './iomem.js';
export { parseBlockPages, parseMemoryBlocks } from './memory-blocks.js';
export { readOwners } from './owners.js';
export { type FirstLook, type ReadCaptureOptions, readCapture, streamCapture } from './read-capture.js';
export { TAKE_AGAIN } from './wording.js';
