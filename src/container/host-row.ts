import { type StreamedSource, streamCapture } from '../capture/index.js';
import { codeOf, handlerOf } from '../events/page-events.js';
import { formableIn } from '../fleet/formable.js';
import type { HostReason, HostRow } from '../fleet/host-row.js';
import { type BlockForecast, Forecaster, kernelSaid } from '../forecast/index.js';
import type { PageType } from '../handler/define-page-type.js';
import { coreRefusals } from '../handler/refusal.js';
import { ImageHost } from '../linux/host/image-host.js';
import type { MigrationService } from '../migration/migration-service.js';
import { BLOCK_ONLINE } from '../mm/memory-block.js';
import { PAGE_SIZE, type Pfn } from '../mm/units.js';
import { createJudge } from './create-judge.js';

/** What is asked of each host of a fleet. */
export interface HostQuestion {
  /** Bytes that are wanted; null if none are. */
  readonly needBytes: number | null;
}

/** A capture, and what tables call its host. */
export interface NamedCapture {
  readonly name: string;
  readonly where: string;
}

/** The same, and its files. */
export interface OpenCapture extends NamedCapture {
  readonly files: StreamedSource;
}

/**
 * One host of a fleet, from its capture. `isShipped` says that pages which look alike do alike, which only the shipped page
 * types promise.
 *
 * @throws VacateError kind 'capture'.
 */
export async function hostRowOf(
  { name, where, files }: OpenCapture,
  { needBytes }: HostQuestion,
  plugins: readonly PageType[],
  isShipped: boolean,
): Promise<HostRow> {
  const image = await streamCapture(files, { mapcounts: !isShipped });
  const host = new ImageHost(image);
  if (!isShipped) host.show({ start: 0, end: image.nrPfns });
  const service = createJudge(host, plugins);
  const forecaster = new Forecaster(service, { said: kernelSaid(image, files), alike: isShipped ? host : null });
  const found = forecaster.all();
  const { blockPages } = found;
  const isOnline = (pfn: Pfn) => host.blockState(Math.floor(pfn / blockPages)) === BLOCK_ONLINE;
  const sum = (of: (block: BlockForecast) => number) => found.blocks.reduce((total, block) => total + of(block), 0);
  const willGo = found.blocks.filter(({ verdict }) => verdict === 'will-go');
  return {
    host: name,
    where,
    kernel: image.kernel ?? null,
    bytes: sum(({ sizeBytes }) => sizeBytes),
    bytesFree: sum(({ pagesFree }) => pagesFree) * PAGE_SIZE,
    blockBytes: blockPages * PAGE_SIZE,
    blocksOnline: found.blocks.length,
    blocksWillGo: willGo.length,
    blocksWillNotGo: found.blocks.filter(({ verdict }) => verdict === 'will-not-go').length,
    blocksCannotKnow: found.blocks.filter(({ verdict }) => verdict === 'cannot-know').length,
    bytesWillGo: willGo.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
    oneWayDoors: found.blocks.filter(isOneWayDoor).map(({ block }) => block),
    ...formableIn(image.flags, isOnline, (pfn) => isStuck(service, pfn)),
    need: needBytes === null ? null : needOf(forecaster.need(found, needBytes)),
    reasons: reasonsOf(found.blocks),
    caveats: image.caveats,
  };
}

function needOf({ askedBytes, bytes, enough, because, blocks, bytesToMove }: HostNeedForecast): HostRow['need'] {
  return { askedBytes, bytes, enough, because, blocks, bytesToMove };
}

type HostNeedForecast = ReturnType<Forecaster['need']>;

/** The kernel takes memory for itself from every zone but Movable; what it took stays. */
function isOneWayDoor({ verdict, zones, reasons }: BlockForecast): boolean {
  const isKernels = zones.length > 0 && !zones.includes('Movable');
  return (
    isKernels &&
    verdict === 'will-not-go' &&
    reasons.some(({ decides, kind }) => decides !== null && kind === 'permanent')
  );
}

/** True for a page that its owner would have to give up: it never moves. */
function isStuck(service: MigrationService, pfn: Pfn): boolean {
  const outcome = service.judge(pfn);
  if (outcome === 0) return false;
  const refusals = service.handlers.refusals[handlerOf(outcome)] ?? coreRefusals;
  return refusals[codeOf(outcome)]?.kind === 'permanent';
}

function reasonsOf(blocks: readonly BlockForecast[]): HostReason[] {
  const byReason = new Map<string, HostReason>();
  for (const { reasons } of blocks)
    for (const { reason, kind, pages, decides } of reasons) {
      if (decides === null || pages === 0) continue;
      const there = byReason.get(reason) ?? { reason, kind, pages: 0, blocks: 0 };
      byReason.set(reason, { ...there, pages: there.pages + pages, blocks: there.blocks + 1 });
    }
  return [...byReason.values()].sort((a, b) => b.pages - a.pages || (a.reason < b.reason ? -1 : 1));
}
