/** What lies around the map of memory, and where on it no page frame is. */
export type Theme = 'light' | 'dark';

/** "#rrggbb" as 0xrrggbb. */
export function colourOf(hex: string): number {
  return Number.parseInt(hex.slice(1), 16);
}

/** The colour that lies `share` of the way from `from` to `to`, both 0xrrggbb. */
export function mix(from: number, to: number, share: number): number {
  const channel = (shift: number) => {
    const start = (from >> shift) & 0xff;
    return Math.round(start + (((to >> shift) & 0xff) - start) * share) << shift;
  };
  return channel(16) | channel(8) | channel(0);
}

/** 0xrrggbb as an opaque pixel of a little-endian image: 0xaabbggrr. */
export function pixelOf(colour: number): number {
  return ((0xff << 24) | ((colour & 0xff) << 16) | (colour & 0xff00) | ((colour >> 16) & 0xff)) >>> 0;
}
