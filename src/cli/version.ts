import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const manifestUrl = () => new URL('../../../package.json', import.meta.url);

/** From the package's own description, which is where it is kept: three levels up, built or installed. */
export function version(): string {
  const manifest = readFileSync(manifestUrl(), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The folder of the package that plugins are written against, installed beside the command line or with it. */
export function packageRoot(): string {
  return dirname(createRequire(import.meta.url).resolve('vacate/package.json'));
}
