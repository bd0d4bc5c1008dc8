import { readFileSync } from 'node:fs';
import {
  createEvacuator,
  decodeBatch,
  formatPfn,
  loadShippedPlugins,
  MAX_PAGE_ORDER,
  machineFromScenario,
  migratedOnly,
  ofHandler,
  parseScenario,
  refusalsOnly,
  simModule,
} from 'vacate';
import { MIGRATE_ASYNC } from 'vacate/handler';

// Tries every page of a DIMM that cannot go, and listens to why.
// After `npm run build`: node dist/examples/watch-refusals.js

const path = process.argv[2] ?? 'examples/scenarios/refusals.yaml';
const machine = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
const { host, service, pages$, dispose } = createEvacuator({
  host: simModule(machine),
  plugins: await loadShippedPlugins(),
});

// Pages are announced in batches of plain words; objects, one a page, are for those who ask for them.
const page$ = pages$.pipe(decodeBatch(service.handlers.tables));

let nrMoved = 0;
page$.pipe(migratedOnly()).subscribe(() => nrMoved++);

const reasons = new Map<string, number>();
page$.pipe(refusalsOnly()).subscribe(({ refusal: { id, kind, because } }) => {
  const reason = `${id} (${kind}): ${because}`;
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
});

const nonlinear: string[] = [];
page$.pipe(ofHandler('nonlinear')).subscribe(({ source }) => nonlinear.push(formatPfn(source)));

const { start, end } = host.layout.dimms[0]?.range ?? { start: 0, end: 0 };
const pfns = Uint32Array.from({ length: end - start }, (_, i) => start + i);
service.migrate({ pfns, mode: MIGRATE_ASYNC, sparedOrder: MAX_PAGE_ORDER + 1 });

console.log(`${nrMoved} pages went, the others did not:`);
for (const [reason, nrPages] of reasons) console.log(`  ${nrPages} ${reason}`);
console.log(`in a nonlinear mapping: ${nonlinear.join(', ')}`);
dispose();
