import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const manifestUrl = () => new URL('../../../package.json', import.meta.url);

/** From the package's own description, which is where it is kept: three levels up, built or installed. */
export function version(): string {
  const manifest = readFileSync(manifestUrl(), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The folder of the package that runs. */
export function packageRoot(): string {
  return dirname(fileURLToPath(manifestUrl()));
}
