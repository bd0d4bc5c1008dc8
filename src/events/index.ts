/**
 * Everything that announces. Nobody outside this folder imports rxjs, and here values come from its single modules: its
 * index loads two hundred files for the four that we need, in every command. They are the classes that "rxjs" exports.
 */
export type { ListenerErrorHandler } from './guarded-observable.js';
export { onStrayListenerError } from './listener-errors.js';
export * from './operators.js';
export * from './page-events.js';
export * from './range-events.js';
