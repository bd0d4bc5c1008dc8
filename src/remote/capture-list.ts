import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { isUrl } from './capture-url.js';

/** No server lists directories in a form that all have, so captures elsewhere are listed by whoever put them there. */
const ENTRIES_MAX = 1_000_000;

/**
 * Names of captures, one a line, as they would stand on a command line; `#` begins a remark. If the list itself came from
 * an address, names are addresses too, and such as are not whole count from there.
 *
 * @throws VacateError kind 'usage'.
 */
export function parseCaptureList(text: string, where: string): string[] {
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (names.length > ENTRIES_MAX)
    throw new VacateError(
      'usage',
      `${quoted(where)} lists more than ${ENTRIES_MAX} captures; ask about fewer at a time`,
    );
  if (names.length === 0)
    throw new VacateError('usage', `${quoted(where)} lists no capture; write their names or addresses, one a line`);
  return isUrl(where) ? names.map((name) => addressOf(name, where)) : names;
}

function addressOf(name: string, where: string): string {
  if (URL.canParse(name, where)) return new URL(name, where).href;
  throw new VacateError('usage', `${quoted(where)} lists ${quoted(name)}, which is no address`);
}
