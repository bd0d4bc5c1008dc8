/** Everything that announces. Nobody outside this folder imports rxjs. */
export type { ListenerErrorHandler } from './guarded-observable.js';
export { onStrayListenerError } from './listener-errors.js';
export * from './operators.js';
export * from './page-events.js';
export * from './range-events.js';
