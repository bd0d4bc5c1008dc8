import { VacateError } from '../base/vacate-error.js';
import { PATIENCE, type Patience } from './http-answer.js';
import { bytesOf, lookAt, type RemoteFile } from './remote-file.js';

/**
 * A text on a server.
 *
 * @throws VacateError kind 'capture' if it is not there, cannot be read, or is longer than that.
 */
export async function remoteText(url: string, bytesMax: number, patience: Patience = PATIENCE): Promise<string> {
  try {
    const file = await lookAt(url, patience);
    if (file !== null) return (await wholeOf(file, bytesMax, patience)).toString('utf8');
  } catch (cause) {
    if (!VacateError.is(cause)) throw cause;
    throw new VacateError('capture', `${url} ${cause.message}`, { cause });
  }
  throw new VacateError('capture', `${url} is not there: its server answers 404; check the address`);
}

/** All bytes of a file. */
export async function wholeOf(file: RemoteFile, bytesMax: number, patience: Patience): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let nrBytes = 0;
  for await (const piece of bytesOf(file, patience)) {
    nrBytes += piece.length;
    if (nrBytes > bytesMax)
      throw new VacateError(
        'capture',
        `is longer than ${bytesMax / 2 ** 20} MiB, as no such file is; check the address`,
      );
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
