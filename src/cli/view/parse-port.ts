import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';

const PORT_MAX = 65_535;

/** A port to listen at; 0 is any that is free. */
export function parsePort(text: string): number {
  return parsePortOf('--port', text);
}

/** The same for what operators ask. */
export function parseMetricsPort(text: string): number {
  return parsePortOf('--metrics-port', text);
}

function parsePortOf(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= PORT_MAX) return port;
  throw new VacateError(
    'usage',
    `${option} cannot be ${quoted(text)}; write a number from 0 (any free one) to ${PORT_MAX}`,
  );
}
