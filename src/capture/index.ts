export { CaptureFiles } from './capture-files.js';
export type { CaptureSource } from './capture-source.js';
export { type ReadCaptureOptions, readCapture } from './read-capture.js';
export { TAKE_AGAIN } from './wording.js';
