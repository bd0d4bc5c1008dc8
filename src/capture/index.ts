export { type ReadCaptureOptions, readCapture } from './read-capture.js';
