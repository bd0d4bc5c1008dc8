import { readFileSync } from 'node:fs';

/** From the package's own description, which is where it is kept: three levels up, built or installed. */
export function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
