import { readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

/** Any other file is not sent: the build makes none, and a browser would have to guess. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  readonly path: string;
  readonly type: string;
}

/**
 * The files of the page in a browser, by the path in its address. They are listed once, when the server begins: what is
 * not in the list does not exist, so no path can lead anywhere else.
 */
export class PageFiles {
  readonly #byPath = new Map<string, PageFile>();
  /** The page itself; null if the package was built without it. */
  readonly index: PageFile | null;

  constructor(directory: string) {
    for (const path of filesIn(directory)) {
      const type = TYPES[extname(path)];
      if (type !== undefined) this.#byPath.set(`/${relative(directory, path).split(sep).join('/')}`, { path, type });
    }
    this.index = this.#byPath.get('/index.html') ?? null;
    this.#byPath.delete('/index.html');
  }

  /** What anybody may have, for it is the same everywhere; null if there is none of that path. */
  asset(path: string): PageFile | null {
    return this.#byPath.get(path) ?? null;
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
