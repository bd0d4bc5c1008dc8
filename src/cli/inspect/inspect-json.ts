import { countsById, usedIn } from '../../picture/page-kinds.js';
import { bytesOf, freeIn, type InspectReport } from './inspect-report.js';

/** The report as scripts get it: every number, page counts by the ids of page kinds. */
export function inspectJson(report: InspectReport) {
  const { machine, source, seed, caveats } = report.open;
  const { nrCpus, nrPfns, blockPages, nrSwapSlots } = machine.spec;
  const counted = (kinds: Uint32Array) => ({ used: usedIn(kinds), free: freeIn(kinds), kinds: countsById(kinds) });
  return {
    command: 'inspect',
    machine: machine.spec.name,
    source,
    seed,
    nrCpus,
    nrPfns,
    bytes: bytesOf(report),
    blockPages,
    nrSwapSlots,
    simulated: {
      pages: report.size.pages,
      bytes: report.size.bytes,
      bytesPerPage: report.size.bytesPerPage,
      contentsBytes: report.size.contentsBytes,
      parts: report.size.parts,
    },
    blockBytes: report.lsmem.blockBytes,
    onlineBytes: report.lsmem.onlineBytes,
    offlineBytes: report.lsmem.offlineBytes,
    memory: report.lsmem.memory,
    nodes: report.nodes.map(({ node, present, kinds }) => ({ node, present, ...counted(kinds) })),
    zones: report.zones.map(({ kinds, ...zone }) => ({ ...zone, ...counted(kinds) })),
    dimms: report.dimms.map(({ kinds, ...dimm }) => ({ ...dimm, ...counted(kinds) })),
    blocks: report.blocks.map(({ kinds, ...block }) => ({ ...block, ...counted(kinds) })),
    caveats,
  };
}
