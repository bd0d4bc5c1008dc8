/** Somebody who takes in a file with a 64-bit word for every page (kpageflags, kpagecount), piece by piece. */
export interface PageFileReader {
  /** As in a capture directory, without ".gz". */
  readonly name: string;
  readonly onProgress: (part: number) => void;
  /** Called first, if there is such a file; it has no more pages than that. */
  begin(nrPagesMost: number): void;
  /** Where words had best be read to, a piece at a time; asked after `begin`. */
  readonly room: Uint32Array;
  /** The words of the next pages, two elements each, the low half first. They are overwritten afterwards. */
  add(words: Uint32Array): void;
}
