import type { Forecast, NeedForecast } from '../../forecast/index.js';
import { PAGE_SIZE } from '../../mm/units.js';
import type { LookedAt } from '../open-to-look.js';

/** Everything that `vacate forecast` knows, before it becomes a text or JSON. */
export interface ForecastReport {
  readonly open: LookedAt;
  /** Release of the kernel that was asked; null for a simulated machine, or if it is not known. */
  readonly kernel: string | null;
  /** True if the user named blocks, false for all that there are. */
  readonly isSelected: boolean;
  readonly forecast: Forecast;
  readonly need: NeedForecast | null;
}

export function forecastJson({ open, kernel, forecast, need }: ForecastReport) {
  const { blockPages, blocks, notOnline, together, notKnowable } = forecast;
  return {
    command: 'forecast',
    machine: open.host.name,
    source: open.source,
    kernel,
    seed: open.seed,
    blockBytes: blockPages * PAGE_SIZE,
    blocks,
    notOnline,
    together,
    need,
    notKnowable,
    caveats: open.caveats,
  };
}
