import { type ColumnViews, layColumns, u32 } from '../base/columns.js';
import { isFile } from '../mm/pte.js';
import { vmasOf } from '../sim/address-space.js';
import { type Machine, SCALAR } from '../sim/machine.js';
import { MAPPING_ANON } from '../sim/mappings.js';
import { pteOf } from '../sim/page-tables.js';
import { wordsOfFile, wordsOfVirtualPage } from './words.js';

/**
 * The processes and files that were there before the soak: nobody writes to them, so that every page of theirs must read
 * the same for ever, wherever it stands. A page is two words, from which the others follow.
 */
const residentColumns = (nrPages: number, nrFilePages: number) => ({
  mm: u32(nrPages),
  vpn: u32(nrPages),
  lo: u32(nrPages),
  hi: u32(nrPages),
  mapping: u32(nrFilePages),
  page: u32(nrFilePages),
  fileLo: u32(nrFilePages),
  fileHi: u32(nrFilePages),
});

export interface Residents extends ColumnViews<ReturnType<typeof residentColumns>> {
  readonly buffer: ArrayBufferLike;
}

export function attachResidents(nrPages: number, nrFilePages: number, buffer: SharedArrayBuffer): Residents {
  return { ...layColumns(residentColumns(nrPages, nrFilePages), buffer).views, buffer };
}

/** What every page of a machine reads that nobody has begun to work with yet. */
export function takeResidents(m: Machine): Residents {
  const pages: number[] = [];
  for (let mm = 1; mm <= m.scalars[SCALAR.mmFill]!; mm++) {
    if (m.mmAlive[mm] === 0) continue;
    for (const vma of vmasOf(m, mm))
      for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++) {
        const pte = pteOf(m, mm, vpn);
        if (pte === 0 || isFile(pte)) continue;
        const { words, at } = wordsOfVirtualPage(m, mm, vpn)!;
        pages.push(mm, vpn, words[at]!, words[at + 1]!);
      }
  }
  const files: number[] = [];
  for (let mapping = 1; mapping <= m.scalars[SCALAR.mapFill]!; mapping++) {
    if (m.mapKind[mapping] === 0 || m.mapKind[mapping] === MAPPING_ANON) continue;
    for (let page = 0; page < m.mapPages[mapping]!; page++) {
      const there = wordsOfFile(m, mapping, page);
      if (there !== null) files.push(mapping, page, there.words[there.at]!, there.words[there.at + 1]!);
    }
  }
  const { buffer, views } = layColumns(residentColumns(pages.length / 4, files.length / 4), 'shared');
  deal(pages, [views.mm, views.vpn, views.lo, views.hi]);
  deal(files, [views.mapping, views.page, views.fileLo, views.fileHi]);
  return { ...views, buffer };
}

function deal(records: readonly number[], columns: readonly Uint32Array[]): void {
  for (let i = 0; i < records.length; i++) columns[i % columns.length]![Math.floor(i / columns.length)] = records[i]!;
}
