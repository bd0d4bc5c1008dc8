import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** Whoever writes a longer one means something else. */
const LENGTH_MAX = 2048;

/** True for what is meant as an address, not as a name of a file. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * The address of a capture, that of the directory that would hold its files, as it is written everywhere: without a slash
 * at its end, so that one capture has one name.
 *
 * @throws VacateError kind 'usage'.
 */
export function parseCaptureUrl(text: string): string {
  const url = urlOf(text);
  const refuse = (because: string) => new VacateError('usage', `${quoted(shown(url))} ${because}`);
  if (url.username !== '' || url.password !== '')
    throw refuse('has a user or a password in it, which every row would repeat; serve captures without one');
  if (/[?#]/.test(url.href))
    throw refuse('has a ? or # in it; name the address under which the files of the capture lie');
  return url.href.replace(/\/+$/, '');
}

/** Without what may be secret. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function urlOf(text: string): URL {
  const url = isUrl(text) && text.length <= LENGTH_MAX && URL.canParse(text) ? new URL(text) : null;
  if (url !== null) return url;
  throw new VacateError('usage', `a capture's address is http://host/… or https://host/…, and this is none of them`);
}
