import { VacateError } from '../base/vacate-error.js';
import type { ZoneShape } from '../mm/zone.js';
import { checkFit } from './check-fit.js';
import { demandOf, totalDemand } from './demand.js';
import { type Layout, layoutOf, nodeName } from './layout.js';
import type { Scenario, ScenarioNode } from './schema.js';
import { placeNameOf, type Workload, type WorkloadOf } from './workload-schema.js';
import { isTrouble } from './workloads/start.js';

/**
 * Each node of a scenario as a machine of its own, for work in which pages stay in their node: its memory, its CPUs, its
 * watermarks as they are in the whole machine, an equal share of the swap that no workload needs, and the workloads that
 * run there. A workload without a place goes where most memory is left, as a task does that is started; pins, locks and
 * writebacks go where most memory is in use, and what is scattered is everywhere. Jobs and activities are of the whole
 * machine, and left out. A machine of one node is as it is.
 *
 * @throws VacateError kind 'scenario' for a node that cannot be alone: without memory for the kernel, or too small for
 *   what runs there.
 */
export function nodeScenarios(scenario: Scenario): Scenario[] {
  if (scenario.nodes.length === 1) return [scenario];
  const layout = layoutOf(scenario);
  const dealt = dealtWorkloads(scenario, layout);
  const needed = dealt.map((workloads) => totalDemand(workloads).swap);
  const spare = Math.max(0, scenario.swap - needed.reduce((sum, pages) => sum + pages, 0));
  return scenario.nodes.map((node, id) => {
    const own: Scenario = {
      ...scenario,
      name: `${scenario.name}/${nodeName(node, id)}`,
      nodes: [{ ...node, name: nodeName(node, id) }],
      cpus: Array.from({ length: layout.nrCpus }, (_, cpu) => cpu % scenario.nodes.length).filter((at) => at === id)
        .length,
      contents: layout.contents,
      dma32: id === 0 ? scenario.dma32 : 0,
      watermarks: watermarksOf(layout.zones.filter((zone) => zone.node === id && zone.kind !== 'Movable')),
      swap: needed[id]! + Math.floor(spare / scenario.nodes.length),
      workloads: dealt[id]!,
      jobs: [],
      activities: [],
    };
    checkAlone(own, node);
    return own;
  });
}

/** The node's part of what the whole machine keeps free. */
function watermarksOf(zones: readonly ZoneShape[]): NonNullable<Scenario['watermarks']> {
  const sum = (mark: 'min' | 'low' | 'high') => zones.reduce((pages, { watermarks }) => pages + watermarks[mark], 0);
  return { min: sum('min'), low: sum('low'), high: sum('high') };
}

function checkAlone(own: Scenario, { boot, dimms }: ScenarioNode): void {
  const hasKernelMemory = boot > 0 || dimms.some(({ zone }) => zone === 'kernel');
  const problems = hasKernelMemory
    ? checkFit(own)
    : ['has no memory for the kernel, so it cannot do without the other nodes; give it boot memory'];
  if (problems.length > 0)
    throw new VacateError('scenario', problems.map((problem) => `${own.name}: ${problem}`).join('\n'));
}

/** Workloads by node, each node's in the order of the scenario. */
function dealtWorkloads({ workloads, nodes }: Scenario, layout: Layout): Workload[][] {
  const pages = nodes.map((_, id) =>
    layout.zones.filter(({ node }) => node === id).reduce((sum, { start, end }) => sum + end - start, 0),
  );
  const room = pages.slice();
  const used = nodes.map(() => 0);
  const dealt = nodes.map((): [at: number, workload: Workload][] => []);
  const put = (at: number, node: number, workload: Workload = workloads[at]!) => {
    const { user, kernel, tables } = demandOf(workload);
    dealt[node]!.push([at, workload]);
    room[node]! -= user + kernel + tables;
    used[node]! += user;
  };
  const left: number[] = [];
  for (const [at, workload] of workloads.entries()) {
    const name = placeNameOf(workload);
    if (name !== undefined) put(at, layout.places.get(name)!.node);
    else if (workload.kind === 'scattered')
      for (const [node, nr] of pages.entries()) put(at, node, partOf(workload, nr / layout.nrPfns));
    // The kernel is loaded into node 0.
    else if (workload.kind === 'reserved') put(at, 0);
    else left.push(at);
  }
  for (const at of left) if (!isTrouble(workloads[at]!)) put(at, room.indexOf(Math.max(...room)));
  for (const at of left) if (isTrouble(workloads[at]!)) put(at, used.indexOf(Math.max(...used)));
  return dealt.map((own) => own.sort((a, b) => a[0] - b[0]).map(([, workload]) => workload));
}

/** What is anywhere is on every node, in proportion to its memory. */
function partOf(workload: WorkloadOf<'scattered'>, share: number): Workload {
  const { size, processes, files } = workload;
  const part = (nr: number) => Math.max(1, Math.round(nr * share));
  return { ...workload, size: part(size), processes: part(processes), files: part(files) };
}
