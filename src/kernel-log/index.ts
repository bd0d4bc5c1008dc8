export {
  type Allocation,
  type DumpedHead,
  type DumpedMapping,
  type DumpedPage,
  ISOLATION_FAILED,
  MIGRATION_FAILURE,
  UNMOVABLE_PAGE,
} from './dumped-page.js';
export { type LogRecord, parseKernelLog } from './log-record.js';
export { looksLikePgd, type MappingKind, mappingKind, type SlabUse, slabUse } from './raw-page.js';
export { type KernelEvent, type PageEvent, readKernelEvents } from './read-events.js';
