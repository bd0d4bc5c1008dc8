/**
 * Everything that a page-type plugin may import.
 *
 * @module vacate/handler
 */
export * from '../mm/migrate-mode.js';
export * from '../mm/page-flags.js';
export type { Order, Pfn } from '../mm/units.js';
export * from './define-page-type.js';
export * from './movable-operations.js';
export type * from './page-entries.js';
export type * from './page-type-handler.js';
export type * from './page-view.js';
export type { Refusal, RefusalCode, RefusalKind, RefusalTable } from './refusal.js';
