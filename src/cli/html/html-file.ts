import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { GENERATOR } from '../../report/page.js';

/** A report says what it is within so many bytes of its beginning. */
const HEAD_BYTES = 1024;

/**
 * Complains about a file before any work is done. A report of vacate's may be replaced, and nothing else.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkHtmlFile(path: string): void {
  const stats = accessing(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stats === undefined) return;
  if (!stats.isFile()) throw new VacateError('usage', `--html ${quoted(path)} is no file; name one, or a new one`);
  if (stats.size === 0 || headOf(path).includes(GENERATOR)) return;
  throw new VacateError(
    'usage',
    `--html ${quoted(path)} is there already, and no report of vacate's; name another file, or remove it`,
  );
}

function headOf(path: string): string {
  return accessing(path, () => {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.toString('latin1', 0, readSync(fd, head, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * The whole report or nothing: whoever opens the file never sees a part of it.
 *
 * @throws VacateError kind 'usage' if it cannot be written.
 */
export function writeHtmlFile(path: string, html: string): void {
  checkHtmlFile(path);
  const draft = `${path}.${process.pid}.part`;
  try {
    accessing(path, () => {
      const fd = openSync(draft, 'wx');
      try {
        const bytes = Buffer.from(html);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(draft, path);
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** What the file system refuses, as a sentence. */
function accessing<T>(path: string, access: () => T): T {
  try {
    return access();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new VacateError('usage', `--html ${quoted(path)} cannot be used (${code}); check its name and permissions`, {
      cause,
    });
  }
}
