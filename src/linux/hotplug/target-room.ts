/** What is said of a zone while its lines are read. */
interface ZoneLines {
  readonly node: string;
  readonly name: string;
  free: number;
  min: number;
  protection: readonly number[];
}

/**
 * Pages that the allocator would still hand out for a movable page, over all zones: what each has free above its min
 * mark and above what it keeps back from such requests (zone_watermark_ok; /proc/zoneinfo "pages free", "min" and
 * "protection"). Free pages of an isolated range do not count there either. Null if the text tells nothing.
 */
export function targetRoomIn(zoneinfo: string): number | null {
  const zones: ZoneLines[] = [];
  for (const line of zoneinfo.split('\n')) {
    const begins = /^Node (\d{1,4}), zone +(\w{1,16})$/.exec(line);
    if (begins !== null) {
      zones.push({ node: begins[1]!, name: begins[2]!, free: 0, min: 0, protection: [] });
      continue;
    }
    const zone = zones.at(-1);
    if (zone === undefined) continue;
    const [, key = '', value = ''] =
      /^ +(pages free|min|protection:) +(\(\d[\d, ]{0,200}\)|\d{1,15})$/.exec(line) ?? [];
    if (key === 'pages free') zone.free = Number(value);
    else if (key === 'min') zone.min = Number(value);
    else if (key === 'protection:') zone.protection = value.slice(1, -1).split(',').map(Number);
  }
  if (zones.length === 0) return null;
  // `protection` has an entry for each zone of the node, in the order in which the node's zones are listed.
  const firstNode = zones.filter(({ node }) => node === zones[0]!.node).map(({ name }) => name);
  const movable = firstNode.indexOf('Movable');
  return zones.reduce((room, zone) => room + roomOf(zone, movable), 0);
}

function roomOf({ free, min, protection }: ZoneLines, movable: number): number {
  return Math.max(0, free - min - (protection[movable] ?? 0));
}
