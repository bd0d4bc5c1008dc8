/** FNV-1a of page bytes, 8 hex digits: what a run came to. */
export function hashOfPages(pages: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let pfn = 0; pfn < pages.length; pfn++) hash = Math.imul(hash ^ pages[pfn]!, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
