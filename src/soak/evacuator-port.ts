import type { MigrationService } from '../migration/migration-service.js';
import type { HighOrderRequest, Job, JobOutcome, OfflineRequest, ReclaimRequest } from '../strategies/strategy.js';

/** What a soak needs to know of how a job ended. */
export interface SoakResult {
  readonly outcome: JobOutcome;
}

/** Whoever carries out a soak's jobs: an evacuator, as the composition root makes it. */
export interface EvacuatorPort {
  readonly service: MigrationService;
  readonly counters: MigrationService['events'];
  highOrder(request: HighOrderRequest, strategy: string): Job<SoakResult>;
  offline(request: OfflineRequest, strategy: string): Job<SoakResult>;
  reclaim(request: ReclaimRequest, strategy: string): Job<SoakResult>;
}
