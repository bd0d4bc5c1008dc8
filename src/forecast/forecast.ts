import { expectArgument, isCallback, isObject, isWhole } from '../base/arguments.js';
import type { MigrationService } from '../migration/migration-service.js';
import { BLOCK_ONLINE, BLOCK_STATE_NAMES, blockRange } from '../mm/memory-block.js';
import { MIGRATETYPE_NAMES } from '../mm/migratetype.js';
import { formatFlags } from '../mm/page-flags.js';
import type { PageOwners } from '../mm/page-owners.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { type BlockId, PAGE_SIZE, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { ZoneShape } from '../mm/zone.js';
import { type BareReason, type BlockPlace, byWeight, reasonsOf, verdictOf } from './block-rule.js';
import { type BlockScan, scanRange } from './block-scan.js';
import { ALL_KNOWN, extraReferencesIn, NOT_KNOWABLE } from './extra-references.js';
import { hugeRoomFor } from './huge-room.js';
import { nrKeptByDrivers } from './kept-by-drivers.js';
import type { KernelSaid } from './kernel-said.js';
import type { AlikePages } from './looks.js';
import { cheapestSet } from './need.js';
import { ownersIn } from './owner-shares.js';
import { MOVED_CLASSES } from './page-class.js';
import { RoomBook } from './room.js';
import { roomReason } from './room-reason.js';
import { scanAlike } from './scan-alike.js';
import { type Survey, surveyBlocks } from './survey.js';
import { forecastTogether, moversOf } from './together.js';
import type { BlockForecast, Forecast, NeedForecast, Reason } from './verdict.js';

/** So many owners of a block are named. */
const OWNERS_MAX = 8;
/** So many different flags are remembered in words. */
const FLAG_WORDS_MAX = 4096;

/** What a forecast is asked about, and what more is known of the machine. */
export interface ForecastOptions {
  /** Blocks to ask about; all that there are if absent. */
  readonly blocks?: readonly BlockId[];
  /** What the real kernel said that the machine was made from; null or absent for a simulated machine, which shows all. */
  readonly said?: KernelSaid | null;
  /** Whose pages they are, as far as is known. */
  readonly owners?: PageOwners | null;
  /** Set for a machine where pages that look alike do alike (an ImageHost and the shipped handlers): it is read once, fast. */
  readonly alike?: AlikePages | null;
  /** Told of each block that is done, for progress. */
  readonly onBlock?: (done: number, total: number) => void;
}

/**
 * For each memory block: would the kernel take it offline now, and if not, which pages keep it? Changes nothing; asks the
 * migration service, so that every page-type handler is heard.
 *
 * @example
 * const image = readCapture('captures/host7');
 * const { service } = createEvacuator({ host: simModule(machineFromImage(image)), plugins });
 * const { blocks } = forecast(service, { said: kernelSaid(image, new CaptureFiles('captures/host7')) });
 * for (const { block, verdict, reasons } of blocks) console.log(block, verdict, reasons[0]?.because);
 */
export function forecast(service: MigrationService, options: ForecastOptions = {}): Forecast {
  return new Forecaster(service, options).all();
}

function checkOptions(options: unknown, { host }: MigrationService): void {
  expectArgument(isObject(options), 'options', options, '{ blocks, said, owners, alike }, or nothing');
  const { blocks, said, owners, alike, onBlock } = options;
  const last = Math.ceil(host.layout.nrPfns / host.layout.blockPages) - 1;
  const areBlocks = Array.isArray(blocks) && Array.from(blocks).every((block) => isWhole(block, 0, last));
  expectArgument(blocks === undefined || areBlocks, 'blocks', blocks, `a list of memory blocks, from 0 to ${last}`);
  const isSaid = said === undefined || said === null || (isObject(said) && typeof said.unmarkedIn === 'function');
  expectArgument(isSaid, 'said', said, 'what kernelSaid gives, or null');
  const areOwners =
    owners === undefined || owners === null || (isObject(owners) && typeof owners.ownersOf === 'function');
  expectArgument(areOwners, 'owners', owners, '{ ownersOf(pfn) }, or null');
  const areAlike =
    alike === undefined || alike === null || (isObject(alike) && typeof alike.isBesideDirty === 'function');
  expectArgument(areAlike, 'alike', alike, 'an ImageHost, or null');
  expectArgument(isCallback(onBlock), 'onBlock', onBlock, 'a function, or leave it out');
}

/**
 * What a forecast and a search for the cheapest set share: the machine surveyed once.
 *
 * @example
 * const options: ForecastOptions = { blocks: [8, 9] };
 * const forecaster = new Forecaster(evacuator.service, options);
 * const all: Forecast = forecaster.all();
 * const verdicts: Verdict[] = all.blocks.map(({ verdict }: BlockForecast) => verdict);
 * const need: NeedForecast = forecaster.need(all, 2 ** 22);
 * const why = (reason: Reason) => `${reason.pages} pages: ${reason.because}`;
 * console.log(all.blocks.flatMap(({ reasons }) => reasons.map(why)));
 * [verdicts, need.enough]; // [["will-go","will-go"],true]
 */
export class Forecaster {
  readonly #room: RoomBook;
  readonly #said: KernelSaid | null;
  readonly #asked: readonly BlockId[];
  /** As the kernel names them; nothing for a simulated machine. */
  readonly #zoneKinds: ReadonlyMap<BlockId, readonly string[]>;
  /** Flags in words: pages have some dozens of different ones. */
  readonly #flagWords = new Map<number, string>();
  /** By block; null where each block is looked at when its turn comes. */
  readonly #scans: readonly BlockScan[] | null;

  constructor(
    private readonly service: MigrationService,
    private readonly options: ForecastOptions = {},
  ) {
    checkOptions(options, service);
    const { host } = service;
    this.#said = options.said ?? null;
    this.#zoneKinds = new Map(this.#said?.image.blocks.map(({ block, zoneKinds }) => [block, zoneKinds]));
    const { survey, scans } = this.#look();
    this.#room = new RoomBook(host, survey);
    this.#scans = scans;
    const all = Array.from(this.#room.survey.free, (_, block) => block).filter((block) => host.blockState(block) !== 0);
    this.#asked = options.blocks === undefined ? all : [...options.blocks].sort((a, b) => a - b);
  }

  /** The forecast for all blocks that were asked about. */
  all(): Forecast {
    const { host } = this.service;
    const isOnline = (block: BlockId) => host.blockState(block) === BLOCK_ONLINE;
    const online = this.#asked.filter(isOnline);
    const blocks = online.map((block, index) => {
      if (this.#scans === null) this.options.onBlock?.(index, online.length);
      return this.one(block);
    });
    return {
      blockPages: host.layout.blockPages,
      blocks,
      notOnline: this.#asked
        .filter((block) => !isOnline(block))
        .map((block) => ({ block, state: BLOCK_STATE_NAMES[host.blockState(block)] })),
      together: blocks.length < 2 ? null : forecastTogether(this.#room, blocks),
      notKnowable: this.#said === null ? ALL_KNOWN : NOT_KNOWABLE,
    };
  }

  /** One block, alone. */
  one(block: BlockId): BlockForecast {
    const { host, handlers } = this.service;
    const scan =
      this.#scans?.[block] ?? scanRange(this.service, blockRange(block, host.layout.blockPages), this.#said !== null);
    const place = this.#placeOf(block, scan);
    const bare = reasonsOf(scan, place, handlers, this.#said);
    const pagesToMove = MOVED_CLASSES.reduce((sum, kind) => sum + scan.counts[kind]!, zsmallocIn(bare));
    const room = this.#room.roomFor([block], moversOf(this.#room, [{ block, pagesToMove }]));
    const lack = roomReason(pagesToMove, room);
    if (lack !== null) bare.push(lack);
    bare.sort(byWeight);
    const verdict = verdictOf(bare);
    const deciding = bare.filter(({ decides }) => decides !== null);
    return {
      block,
      state: BLOCK_STATE_NAMES[host.blockState(block)],
      verdict,
      zones: place.isOfOneZone ? place.zones.map(({ kind }) => kind) : [],
      node: place.zones[0]?.node ?? null,
      sizeBytes: host.layout.blockPages * PAGE_SIZE,
      pagesToMove,
      bytesToMove: pagesToMove * PAGE_SIZE,
      pagesFree: scan.nrFree,
      room,
      reasons: bare.map((reason) => this.#inWords(reason)),
      waitingHelps: verdict !== 'will-go' && deciding.every(({ waitingHelps }) => waitingHelps),
      extraReferences: extraReferencesIn(scan, this.#room.isInMovable(block), this.#said),
      owners: this.options.owners ? ownersIn(this.options.owners, pfnsIn(scan.range)).slice(0, OWNERS_MAX) : [],
    };
  }

  /** The cheapest blocks that make up so many bytes, of those that a forecast says will go. */
  need({ blocks }: Forecast, bytes: number): NeedForecast {
    expectArgument(Number.isFinite(bytes) && bytes > 0, 'bytes', bytes, 'a size in bytes, above 0');
    const sure = blocks.filter(({ verdict }) => verdict === 'will-go');
    return cheapestSet(this.#room, sure, bytes, this.service.host.layout.blockPages);
  }

  #look(): { survey: Survey; scans: readonly BlockScan[] | null } {
    const { alike = null, onBlock = () => {} } = this.options;
    if (alike === null) return { survey: surveyBlocks(this.service.host), scans: null };
    return scanAlike(this.service, alike, this.#said !== null, onBlock);
  }

  /** A kernel says itself whether a block is of one zone; of a simulated machine the layout tells. */
  #placeOf(block: BlockId, { range }: BlockScan): BlockPlace {
    const { host } = this.service;
    const whole = host.layout.zones.find(({ start, end }) => start <= range.start && range.end <= end);
    const zones = whole === undefined ? this.#zonesIn(range) : [whole];
    const kinds = this.#zoneKinds.get(block);
    return {
      zones,
      isOfOneZone: kinds === undefined ? zones.length === 1 : kinds.length > 0,
      huge: () => hugeRoomFor(host, range),
      keptByDrivers: () => (this.#said === null ? nrKeptByDrivers(this.service, block) : null),
      nrOnLists: this.#room.perCpuBeside(block),
      isJournalAtRest: this.#room.survey.nrDirtyMetadata === 0,
    };
  }

  #zonesIn({ start, end }: PfnRange): ZoneShape[] {
    const { host } = this.service;
    const indices = new Set<number>();
    for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES) indices.add(host.zoneOf(pfn));
    return [...indices].flatMap((zone): readonly ZoneShape[] => host.layout.zones.slice(zone, zone + 1));
  }

  #inWords({ reason, because, kind, decides, pages, pfns, waitingHelps, waiting }: BareReason): Reason {
    const { columns, free } = this.service.host;
    const owners = this.options.owners ?? null;
    const named = pfns.map((pfn) => ({
      pfn,
      flags: this.#flagsInWords(columns.flags[pfn]!),
      migratetype: MIGRATETYPE_NAMES[free.migratetype(pfn)],
    }));
    const [owner = null] = owners === null ? [] : ownersIn(owners, pfns).map(({ pages: _, ...rest }) => rest);
    return { reason, because, kind, decides, pages, pfns, named, owner, waitingHelps, waiting };
  }

  #flagsInWords(flags: number): string {
    const words = this.#flagWords.get(flags) ?? formatFlags(flags);
    if (this.#flagWords.size < FLAG_WORDS_MAX) this.#flagWords.set(flags, words);
    return words;
  }
}

function* pfnsIn({ start, end }: PfnRange): Generator<Pfn> {
  for (let pfn = start; pfn < end; pfn++) yield pfn;
}

/** Pages without a flag that are zsmalloc's move as well. */
function zsmallocIn(reasons: readonly BareReason[]): number {
  return reasons.find(({ reason }) => reason === 'zsmalloc')?.pages ?? 0;
}
