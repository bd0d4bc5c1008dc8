import { PageEvents } from '../events/page-events.js';
import type { PageType } from '../handler/define-page-type.js';
import type { MemoryHost } from '../host/memory-host.js';
import { MigrationService } from '../migration/migration-service.js';
import { outsideOf } from './plugin-origins.js';

/**
 * The migration service alone, for whoever only asks what pages would do (`judge`). It is wired by hand: the container
 * and the strategies are half of all files, and on a slow host reading those takes longer than the answer.
 *
 * @throws VacateError kind 'plugin' for a malformed plugin or two of one name.
 */
export function createJudge(host: MemoryHost, pageTypes: readonly PageType[]): MigrationService {
  return new MigrationService(host, pageTypes, new PageEvents(), 'phase', outsideOf(pageTypes));
}
