import type { HostRow } from '../../../src/fleet/host-row.js';

const NOWHERE = { places: 0, stuck: 0, free: 0 };

/** A host of which a test names what it needs; the rest is nothing. */
export function hostOf(host: string, more: Partial<HostRow> = {}): HostRow {
  return {
    ...{ host, where: `captures/${host}`, kernel: null, bytes: 0, bytesFree: 0, blockBytes: 2 ** 27 },
    ...{ blocksOnline: 0, blocksWillGo: 0, blocksWillNotGo: 0, blocksCannotKnow: 0, bytesWillGo: 0, oneWayDoors: [] },
    ...{ hugePages2M: NOWHERE, hugePages1G: NOWHERE, need: null, reasons: [], caveats: [], ...more },
  };
}

export function needing(bytes: number, bytesToMove: number): Pick<HostRow, 'need'> {
  const askedBytes = 2 ** 30;
  return { need: { askedBytes, bytes, enough: bytes >= askedBytes, because: '', blocks: [1], bytesToMove } };
}
