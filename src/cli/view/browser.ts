import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What opens a page where nobody says what should (freedesktop.org). */
const OPENER = 'xdg-open';

/** A browser that was asked to open the page. */
export interface OpenedBrowser {
  /** Takes away what was written for it. */
  close(): void;
}

/**
 * Opens the page in the user's browser: the one that BROWSER names, or whatever the desktop takes. Everybody on this host
 * may read a program's arguments, so the address with its token is in a file that only the user may read; the browser is
 * given that. `onFailed` is told if no browser could be begun.
 */
export function openBrowser(url: string, onFailed: (because: string) => void): OpenedBrowser {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-view-'));
  const file = join(folder, 'open.html');
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${url}">\n`, {
    mode: 0o600,
  });
  const program = process.env.BROWSER ?? OPENER;
  const child = spawn(program, [pathToFileURL(file).href], { detached: true, stdio: 'ignore' });
  child.on('error', (error: NodeJS.ErrnoException) => onFailed(`${program} cannot be started (${error.code})`));
  child.unref();
  return { close: () => rmSync(folder, { recursive: true, force: true }) };
}
