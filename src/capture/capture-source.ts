import type { PageFileReader } from './page-file-reader.js';

/**
 * Where a capture's files come from: a directory, or a host that is asked now. Names are those of a capture directory,
 * without ".gz".
 *
 * @example
 * const source: CaptureSource = new CaptureFiles('captures/host7');
 * console.log(readCapture(source).name);
 */
export interface CaptureSource {
  /** What the machine is called in reports. */
  readonly name: string;
  /** How complaints name the place: the directory as the user wrote it. */
  readonly where: string;
  /** A text file, or null if there is none of that name. */
  text(name: string): string | null;
  /** The same, for what all captures of one boot share: from beside the directory if it is not in it. */
  textBeside(name: string): string | null;
  /** 64-bit words, one a page, the low half first; null if there is no such file. */
  words(name: string): Uint32Array | null;
}

/** One that has files with a word for every page piece by piece too. */
export interface StreamedSource extends CaptureSource {
  /** Gives a file to a reader; `begin` is not called if there is no such file. */
  stream(reader: PageFileReader): Promise<void>;
}
