import { PAGE_SHIFT } from '../../mm/units.js';
import { type MapLayout, rectOf } from '../../picture/map-layout.js';

export type ParsedPlace = { readonly ok: true; readonly pfn: number } | { readonly ok: false; readonly error: string };

/** "4096" is a pfn, "pfn 0x1000" too; "0x1000000" is an address, and "block 12" the first page of a block. */
export function parsePlace(text: string, layout: MapLayout | null): ParsedPlace {
  const words = /^\s*(pfn[:\s]*|block\s*)?(0x[0-9a-f]{1,16}|\d{1,12})\s*$/i.exec(text);
  if (words === null)
    return { ok: false, error: 'Write a page frame number, an address with 0x, or “block” and its number.' };
  const unit = (words[1] ?? '').trim().toLowerCase();
  const number = Number(words[2]);
  const isAddress = unit === '' && /^0x/i.test(words[2]!);
  const pfn =
    unit === 'block' ? number * (layout?.blockPages ?? 1) : isAddress ? Math.floor(number / 2 ** PAGE_SHIFT) : number;
  if (layout === null || pfn >= layout.nrPfns || rectOf(layout, pfn, 0) === null)
    return { ok: false, error: 'There is no memory at this place.' };
  return { ok: true, pfn };
}
