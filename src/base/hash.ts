const imul = Math.imul;

/** FNV-1a over the bytes of any view: a short name for a result, so that two runs can be compared at a glance. */
export function hashBytes(bytes: Uint8Array, seed = 0x811c9dc5): number {
  let hash = seed | 0;
  for (let i = 0; i < bytes.length; i++) hash = imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}
