import { readFileSync, statSync } from 'node:fs';
import { codeOf } from '../../base/errno.js';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { parseCaptureList } from '../../remote/capture-list.js';
import { isUrl, parseCaptureUrl } from '../../remote/capture-url.js';
import { remoteText } from '../../remote/remote-text.js';

/** A name for each of a million captures. */
const LIST_BYTES_MAX = 128 * 2 ** 20;

/**
 * What a file, or an address, lists.
 *
 * @throws VacateError kind 'usage' if it cannot be read, or lists nothing.
 */
export async function capturesListed(where: string): Promise<string[]> {
  return parseCaptureList(isUrl(where) ? await textThere(where) : textHere(where), where);
}

async function textThere(where: string): Promise<string> {
  try {
    return await remoteText(parseCaptureUrl(where), LIST_BYTES_MAX);
  } catch (cause) {
    if (!VacateError.is(cause) || cause.kind === 'usage') throw cause;
    throw new VacateError('usage', `--list: ${cause.message}`, { cause });
  }
}

function textHere(path: string): string {
  try {
    const stats = statSync(path);
    if (stats.isFile() && stats.size <= LIST_BYTES_MAX) return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new VacateError(
      'usage',
      `--list cannot read ${quoted(path)} (${codeOf(cause)}); name a file, or an address`,
      {
        cause,
      },
    );
  }
  throw new VacateError('usage', `--list names ${quoted(path)}, which is no file, or far too large; name a text file`);
}
